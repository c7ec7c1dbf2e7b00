import type { HeaderPairs } from "../../upstreams/types.ts";
import type { VirtualClock } from "../clock.ts";
import type { EventLoop } from "../loop.ts";
import { Status } from "../status.ts";
import { Body } from "../stream/body.ts";
import { HeaderMap } from "../stream/header-map.ts";
import type { Cluster } from "./cluster.ts";
import { type ResetReason, UpstreamRequest } from "./upstream-request.ts";

/** What a callout ended with; without headers the connection broke within the answer, or the answer was too large. */
export interface CalloutAnswer {
  headers: HeaderMap | undefined;
  body: Buffer;
  trailers: HeaderMap | undefined;
}

export interface PendingCallout {
  cancel(): void;
}

export interface CalloutRequest {
  cluster: string;
  headers: HeaderPairs;
  body: Buffer;
  trailers: HeaderPairs;
  /** Milliseconds; 0 for none. */
  timeoutMs: number;
}

/** More than this of an answer is a failure (Envoy's async client buffers no more). */
const MAX_ANSWER = 32 << 20;

/** HTTP calls of modules: Envoy's async client, with a router of its own and no filter chain. */
export class Callouts {
  constructor(
    private readonly clock: VirtualClock,
    private readonly loop: EventLoop,
    /** A cluster by its name. */
    readonly cluster: (name: string) => Cluster | undefined,
  ) {}

  /** @param owner the VM that asks @returns the call, or the status with which it is refused at once */
  send(request: CalloutRequest, deliver: (answer: CalloutAnswer) => void, owner: object): PendingCallout | number {
    const cluster = this.cluster(request.cluster);
    if (!cluster) return Status.BadArgument;
    const headers = new HeaderMap("request", request.headers);
    if (!headers.has(":path") || !headers.has(":method") || !headers.has(":authority")) return Status.BadArgument;
    if (cluster.kind === "empty" || cluster.kind === "full") return Status.InternalFailure;
    if (headers.pairs().some(([, value]) => /[\0\r\n\x7f]/.test(value))) return Status.InternalFailure;
    if (request.body.length > 0) headers.replace("content-length", String(request.body.length));
    if (!headers.has(":scheme")) headers.add(":scheme", "http");
    headers.add("x-envoy-internal", "true");
    if (request.timeoutMs > 0) headers.replace("x-envoy-expected-rq-timeout-ms", String(request.timeoutMs));
    return this.start(cluster, headers, request, deliver, owner);
  }

  private start(
    cluster: Extract<Cluster, { kind: "upstream" | "refused" }>,
    headers: HeaderMap,
    { body, trailers, timeoutMs }: CalloutRequest,
    deliver: (answer: CalloutAnswer) => void,
    owner: object,
  ): PendingCallout {
    let over = false;
    let head: HeaderMap | undefined;
    const parts: Buffer[] = [];
    let size = 0;
    const sentAt = this.clock.elapsed;
    const finish = (answer: CalloutAnswer) => {
      if (over) return;
      over = true;
      timer?.cancel();
      call.cancel();
      deliver(answer);
    };
    const broken = () => finish({ headers: undefined, body: Buffer.alloc(0), trailers: undefined });
    const local = (status: number, text: string) => finish(localAnswer(status, text));
    const whole = (last?: HeaderMap) => finish({ headers: head, body: Buffer.concat(parts), trailers: last });
    const call = new UpstreamRequest(
      cluster,
      {
        headers: (received, end) => {
          head = received;
          head.replace("x-envoy-upstream-service-time", String(Math.round((this.clock.elapsed - sentAt) / 1_000_000)));
          if (end) whole();
        },
        data: (bytes, end) => {
          parts.push(bytes);
          size += bytes.length;
          if (size > MAX_ANSWER) broken();
          else if (end) whole();
        },
        trailers: whole,
        reset: (reason: ResetReason) => {
          if (head) broken();
          else
            local(
              reason.flag === "UpstreamProtocolError" ? 502 : 503,
              `upstream connect error or disconnect/reset before headers. reset reason: ${reason.text}`,
            );
        },
      },
      (task) => this.loop.post(task),
    );
    const timer =
      timeoutMs > 0 ? this.clock.after(timeoutMs, () => (head ? broken() : local(504, "upstream request timeout")), owner) : undefined;
    call.headers(headers, body.length > 0 || trailers.length > 0);
    if (body.length > 0) call.data(new Body(body));
    // Trailers are taken and not sent (observed on 1.40, to HTTP/1 and HTTP/2).
    call.complete();
    return {
      cancel: () => {
        over = true;
        timer?.cancel();
        call.cancel();
      },
    };
  }
}

/** A timeout or a failed connection is an answer of Envoy's own: three headers and a text. */
function localAnswer(status: number, text: string): CalloutAnswer {
  const headers = new HeaderMap("response", [
    [":status", String(status)],
    ["content-length", String(text.length)],
    ["content-type", "text/plain"],
  ]);
  return { headers, body: Buffer.from(text), trailers: undefined };
}
