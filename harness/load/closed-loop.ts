import net from "node:net";
import type { Address } from "../envoy/builders.ts";

type HeaderLines = readonly (readonly [string, string])[];

interface Shape {
  /** Header lines of each request, beside the host; or those of request `n`, counted from 0 [none]. */
  headers?: HeaderLines | ((n: number) => HeaderLines);
  /** Of each request, or of request `n` [/]. */
  path?: string | ((n: number) => string);
  /** The same of the `host` header [the address]. */
  host?: string | ((n: number) => string);
  /** Connections, each with one request under way [32]. Envoy ends an HTTP/1 connection that pipelines: "Too many responses queued". */
  connections?: number;
}

/** Ends behind so many `requests`, or when `until` is aborted; what is under way then is still answered. */
export type ClosedLoopOptions = Shape & ({ requests: number; until?: AbortSignal } | { requests?: number; until: AbortSignal });

/**
 * Sends many requests over kept connections, each as soon as the one before it is answered: as fast as one thread of Node can. The answers must
 * have no body, or tell its length. Returns how many came with each status.
 * @throws Error when a connection ends early.
 * @example
 * await closedLoop(envoy.address(), { requests: 10_000 });
 */
export async function closedLoop(address: Address, options: ClosedLoopOptions): Promise<Map<number, number>> {
  const { requests = Number.POSITIVE_INFINITY, until, headers = [], path = "/", host = address.host, connections = 32 } = options;
  const bytes = (n: number) => {
    const lines = of(headers, n).map(([name, value]) => `${name}: ${value}`);
    return Buffer.from([`GET ${of(path, n)} HTTP/1.1`, `host: ${of(host, n)}`, ...lines, "", ""].join("\r\n"), "latin1");
  };
  let sent = 0;
  const same = [headers, path, host].some((one) => typeof one === "function") ? undefined : bytes(0);
  const request = () => same ?? bytes(sent++);
  const statuses = new Map<number, number>();
  let left = requests;
  const client = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect({ port: address.port, host: address.host, noDelay: true });
      const next = () => {
        if (left-- > 0 && !until?.aborted) socket.write(request());
        else resolve(void socket.removeAllListeners("close").destroy());
      };
      let rest = "";
      socket.setEncoding("latin1");
      socket.on("connect", next);
      const fail = (error: Error) => {
        // The others stop as well: without a limit nobody else would end them.
        left = 0;
        reject(error);
      };
      socket.on("error", fail);
      socket.on("close", () => fail(new Error(`${address.host}:${address.port} closed a connection before all answers came`)));
      socket.on("data", (chunk: string) => {
        rest += chunk;
        if (rest.length < lengthOf(rest)) return;
        const status = Number(rest.slice(9, 12));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        rest = "";
        next();
      });
    });
  await Promise.all(Array.from({ length: connections }, client));
  return statuses;
}

/** Of the answer that begins so, head and body; without end as long as the head is not whole. */
function lengthOf(answer: string): number {
  const head = answer.indexOf("\r\n\r\n");
  if (head < 0) return Number.POSITIVE_INFINITY;
  const body = /\ncontent-length: *(\d+)/i.exec(answer.slice(0, head))?.[1];
  return head + 4 + Number(body ?? 0);
}

/** What request `n` has of something that may differ. */
function of<T>(given: T | ((n: number) => T), n: number): T {
  return typeof given === "function" ? (given as (n: number) => T)(n) : given;
}
