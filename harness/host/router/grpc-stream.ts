import type { HeaderPairs } from "../../upstreams/types.ts";
import type { Timer, VirtualClock } from "../clock.ts";
import type { EventLoop } from "../loop.ts";
import { Body } from "../stream/body.ts";
import { HeaderMap } from "../stream/header-map.ts";
import type { Cluster } from "./cluster.ts";
import { GrpcFrames, grpcFrame } from "./grpc-frames.ts";
import { GrpcStatus, grpcStatusOfHttp, parseGrpcStatus } from "./grpc-status.ts";
import { type ResetReason, UpstreamRequest } from "./upstream-request.ts";

export interface GrpcRequest {
  authority: string;
  service: string;
  method: string;
  metadata: HeaderPairs;
  /** Milliseconds; undefined for a stream. 0 for none. */
  timeoutMs?: number;
}

/** What comes back, in this order; empty metadata where there was none. */
export interface GrpcCallbacks {
  initialMetadata(metadata: HeaderMap): void;
  message(bytes: Buffer): void;
  trailingMetadata(metadata: HeaderMap): void;
  close(status: number, message: string): void;
}

const VIA_UPSTREAM = "via_upstream";

/** One stream of Envoy's gRPC client: an HTTP/2 request whose body is messages. */
export class GrpcStream {
  private over = false;
  private sentAll = false;
  private opened = false;
  private readonly frames = new GrpcFrames();
  private request: UpstreamRequest | undefined;
  private timer: Timer | undefined;
  private readonly sentAt: number;

  constructor(
    private readonly clock: VirtualClock,
    private readonly loop: EventLoop,
    private readonly asked: GrpcRequest,
    private readonly callbacks: GrpcCallbacks,
    /** Whose timer the timeout is. */
    private readonly owner: object,
  ) {
    this.sentAt = clock.elapsed;
  }

  /** Sends the headers. What fails at once is told before this returns: see `ended`. */
  start(cluster: Cluster | undefined): void {
    if (!cluster) this.end(GrpcStatus.Unavailable, "Cluster not available");
    else if (cluster.kind === "empty") this.refused("no healthy upstream", "no_healthy_upstream");
    else if (cluster.kind === "full") this.broken({ text: "overflow", details: "overflow" }, [["x-envoy-overloaded", "true"]]);
    else this.open(cluster);
  }

  private open(cluster: Extract<Cluster, { kind: "upstream" | "refused" }>): void {
    const headers = this.headers();
    const invalid = headers.pairs().find(([, value]) => /[\0\r\n\x7f]/.test(value));
    if (invalid) {
      const why = `invalid header value for: ${invalid[0]}`;
      this.refused(why, `filter_removed_required_request_headers{${why.replaceAll(" ", "_")}}`);
      return;
    }
    this.request = new UpstreamRequest(
      cluster,
      {
        headers: (received, end) => this.received(received, end),
        data: (bytes, end) => this.data(bytes, end),
        trailers: (trailers) => this.trailers(trailers),
        reset: (reason) => this.reset(reason),
      },
      (task) => this.loop.post(task),
    );
    this.request.headers(headers, true);
  }

  /** The other side has ended it, or it was reset. */
  get ended(): boolean {
    return this.over;
  }

  send(message: Uint8Array, end: boolean): void {
    if (this.over || this.sentAll) return;
    this.request?.data(new Body(grpcFrame(message)));
    if (end) this.closeLocal();
  }

  /** No more messages come from here. */
  closeLocal(): void {
    if (this.over || this.sentAll) return;
    this.sentAll = true;
    this.request?.complete();
    const { timeoutMs = 0 } = this.asked;
    if (timeoutMs > 0) this.timer = this.clock.after(timeoutMs, () => this.timedOut(), this.owner);
  }

  /** Ends it without a word to the callbacks. */
  cancel(): void {
    this.over = true;
    this.timer?.cancel();
    this.request?.cancel();
  }

  private headers(): HeaderMap {
    const { service, method, authority, metadata, timeoutMs } = this.asked;
    const headers = new HeaderMap("request", [
      [":method", "POST"],
      [":path", `/${service}/${method}`],
      [":authority", authority],
      [":scheme", "http"],
      ["te", "trailers"],
      ...(timeoutMs === undefined ? [] : ([["grpc-timeout", `${timeoutMs}m`]] as const)),
      ["content-type", "application/grpc"],
    ]);
    for (const [name, value] of metadata) {
      headers.add(name, /-bin$/i.test(name) ? Buffer.from(value, "latin1").toString("base64") : value);
    }
    headers.add("x-envoy-internal", "true");
    if (timeoutMs) headers.replace("x-envoy-expected-rq-timeout-ms", String(timeoutMs));
    return headers;
  }

  private received(headers: HeaderMap, end: boolean): void {
    if (this.sentAll) headers.replace("x-envoy-upstream-service-time", String(Math.round((this.clock.elapsed - this.sentAt) / 1_000_000)));
    this.answered(headers, end, VIA_UPSTREAM);
  }

  private answered(headers: HeaderMap, end: boolean, details: string): void {
    const status = Number(headers.get(":status"));
    this.opened = true;
    const whole = end && (status === 200 || headers.has("grpc-status"));
    this.callbacks.initialMetadata(whole || status !== 200 ? nothing() : headers);
    if (this.over) return;
    // "Trailers only": the headers are the end.
    if (whole) this.trailers(headers, details);
    else if (status !== 200) this.fail(grpcStatusOfHttp(status), details);
  }

  private data(bytes: Buffer, end: boolean): void {
    if (this.over) return;
    const messages = this.frames.push(bytes);
    for (const message of messages ?? []) {
      this.callbacks.message(message);
      if (this.over) return;
    }
    if (messages === undefined) this.fail(GrpcStatus.Internal, VIA_UPSTREAM);
    else if (end) this.fail(GrpcStatus.Unknown, VIA_UPSTREAM);
  }

  private trailers(trailers: HeaderMap, details = VIA_UPSTREAM): void {
    if (this.over) return;
    const status = parseGrpcStatus(trailers.get("grpc-status")) ?? GrpcStatus.Unknown;
    const message = trailers.get("grpc-message") ?? "";
    this.callbacks.trailingMetadata(trailers);
    if (!this.over) this.end(status, message === "" ? details : `${message}{${details}}`);
  }

  /** The client itself ends it. */
  private fail(status: number, details: string): void {
    this.callbacks.trailingMetadata(nothing());
    if (!this.over) this.end(status, details);
  }

  private end(status: number, message: string): void {
    this.cancel();
    this.callbacks.close(status, message);
  }

  private reset(reason: ResetReason): void {
    if (this.over) return;
    if (this.opened) this.fail(GrpcStatus.Unknown, VIA_UPSTREAM);
    else this.broken(reason);
  }

  private timedOut(): void {
    if (this.opened) this.fail(GrpcStatus.Unknown, VIA_UPSTREAM);
    else this.refused("upstream request timeout", "response_timeout");
  }

  private broken({ text, details }: Pick<ResetReason, "text" | "details">, more: HeaderPairs = []): void {
    this.refused(
      `upstream connect error or disconnect/reset before headers. reset reason: ${text}`,
      `upstream_reset_before_response_started{${details}}`,
      more,
    );
  }

  /** An answer of Envoy's own router, which knows a gRPC request when it sees one. */
  private refused(message: string, details: string, more: HeaderPairs = []): void {
    const headers = new HeaderMap("response", [
      [":status", "200"],
      ...more,
      ["content-type", "application/grpc"],
      ["grpc-status", String(GrpcStatus.Unavailable)],
      ["grpc-message", message],
    ]);
    this.answered(headers, true, details);
  }
}

const nothing = () => new HeaderMap("response");
