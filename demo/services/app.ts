import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { Address, HeaderPairs } from "../../harness/index.ts";
import type { Service, Workload } from "../topology.ts";

/** Who a request is for, as BookInfo calls it. Its productpage fills it in after a login; this one believes its client. */
export const USER = "end-user";

/**
 * Headers that an application has to copy from a request to the requests that it makes for it: a sidecar cannot know which of them
 * belong together. That is all an application does for tracing, and for limits by user.
 */
export const COPIED = ["traceparent", "tracestate", "baggage", USER];

/** How long an application waits for another one. */
const TIMEOUT_MS = 3_000;

export interface AppRequest {
  method: string;
  /** Without the query. */
  path: string;
  /** GETs JSON from another service, through the own sidecar; rejects when the answer is not 200 or does not come in time. */
  call: (service: Service, path: string) => Promise<unknown>;
}

export interface AppResponse {
  status?: number;
  html?: string;
  json?: unknown;
}

export type Handler = (request: AppRequest) => AppResponse | Promise<AppResponse>;

/** A request as a service got it. */
export interface Sighting {
  workload: string;
  method: string;
  path: string;
  headers: HeaderPairs;
}

/** One workload's application: an HTTP server that knows nothing of the mesh but the addresses at which it finds other services. */
export class App {
  private readonly server: Server;
  private outbound: ReadonlyMap<Service, string> = new Map();

  constructor(
    readonly workload: Workload,
    private readonly handler: Handler,
    private readonly onReceived: (sighting: Sighting) => void,
  ) {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  /** Listens on loopback, at a port that the kernel chooses. */
  start(): Promise<Address> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(0, "127.0.0.1", () => {
        const address = this.server.address();
        if (address === null || typeof address === "string") return reject(new Error("no TCP address"));
        resolve({ host: address.address, port: address.port });
      });
    });
  }

  /** Where its sidecar listens for the services that it calls. */
  connect(outbound: ReadonlyMap<Service, string>): void {
    this.outbound = outbound;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/", rawHeaders } = request;
    const headers: HeaderPairs = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([(rawHeaders[i] ?? "").toLowerCase(), rawHeaders[i + 1] ?? ""]);
    this.onReceived({ workload: this.workload.name, method, path: url, headers });
    request.resume();
    const copied = headers.filter(([name]) => COPIED.includes(name));
    const answer = await this.answer({ method, path: url.split("?", 1)[0] ?? "/", call: (to, path) => this.call(to, path, copied) });
    const [type, body] =
      answer.html === undefined ? ["application/json", JSON.stringify(answer.json)] : ["text/html; charset=utf-8", answer.html];
    response.writeHead(answer.status ?? 200, { "content-type": type, "x-served-by": this.workload.name }).end(body);
  }

  private async answer(request: AppRequest): Promise<AppResponse> {
    if (request.path === "/health") return { json: { status: `${this.workload.name} is healthy` } };
    if (request.method !== "GET") return { status: 405, json: { error: "only GET" } };
    try {
      return await this.handler(request);
    } catch (error) {
      return { status: 500, json: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  private async call(service: Service, path: string, headers: HeaderPairs): Promise<unknown> {
    const base = this.outbound.get(service);
    if (base === undefined) throw new Error(`${this.workload.name} has no way to ${service}`);
    const answer = await fetch(base + path, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.status === 200) return answer.json();
    await answer.body?.cancel();
    throw new Error(`${service} answered ${answer.status}`);
  }
}
