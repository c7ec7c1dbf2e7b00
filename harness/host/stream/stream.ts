import type { Address } from "../../envoy/builders.ts";
import type { LocalReply } from "../context/context.ts";
import type { HostCore } from "../core.ts";
import { EnvoyCrash } from "../failure.ts";
import type { Cluster } from "../router/cluster.ts";
import type { Route, RouteTable } from "../router/route.ts";
import { Router } from "../router/router.ts";
import type { UpstreamRequest } from "../router/upstream-request.ts";
import type { Body } from "./body.ts";
import { DecodePath } from "./decode.ts";
import { EncodePath } from "./encode.ts";
import type { FilterCallbacks, HttpFilter } from "./filter.ts";
import type { HeaderMap } from "./header-map.ts";
import { Flag, type StreamInfo } from "./info.ts";
import { type PreparedReply, prepareReply } from "./local-reply.ts";

/** The client's side of a stream. */
export interface Downstream {
  headers(headers: HeaderMap, end: boolean): void;
  data(bytes: Buffer, end: boolean): void;
  trailers(trailers: HeaderMap): void;
  reset(reason: string): void;
  /** The stream is over for Envoy. */
  closed(): void;
}

/** The connection that a stream came on. */
export interface Connection {
  id: number;
  local: Address;
  remote: Address;
  /** What the client presented, when it spoke TLS. */
  tls: ConnectionTls | undefined;
}

export interface ConnectionTls {
  version: string;
  serverName: string;
  mutual: boolean;
  peer: PeerCertificate | undefined;
  local: PeerCertificate | undefined;
}

export interface PeerCertificate {
  uriSans: readonly string[];
  dnsSans: readonly string[];
  subject: string;
  sha256: string;
}

/** Decides the form of local replies. */
export interface RequestKind {
  head: boolean;
  grpc: boolean;
}

export function kindOf(headers: HeaderMap): RequestKind {
  return {
    head: headers.get(":method") === "HEAD",
    grpc: /^application\/grpc(\+|;|$)/.test(headers.get("content-type") ?? ""),
  };
}

/** What a listener is configured with. */
export interface ListenerSettings {
  streamIdleTimeoutMs: number;
  /** 0 for none. */
  requestTimeoutMs: number;
  /** HTTP/1 trailers are passed on. */
  trailers: boolean;
  /** In front of the listener's own stats. */
  statPrefix: string;
  serverName: string;
  bufferLimit: number;
  routes: RouteTable;
  cluster(name: string): Cluster | undefined;
  metadata: Record<string, Record<string, unknown>>;
  direction: number;
}

/**
 * One exchange: the messages, what is known of it, the chain in both directions, the router behind it. The part of Envoy's
 * HttpConnectionManager that a filter can notice.
 */
export class HttpStream {
  requestHeaders: HeaderMap | undefined;
  requestTrailers: HeaderMap | undefined;
  responseHeaders: HeaderMap | undefined;
  responseTrailers: HeaderMap | undefined;
  /** The request has arrived whole. */
  requestComplete = false;
  /** An HTTP/1 connection can be used again: the whole request was read, and it made no sense of its own (400). */
  requestRead = false;
  /** What the request was when it came: filters that change its method or type change nothing in how local replies are made. */
  kind: RequestKind = { head: false, grpc: false };
  /** The whole response has entered the chain. */
  responseComplete = false;
  /** Headers have gone to the client. */
  headersSent = false;
  /** The client has the whole response. */
  finished = false;
  /** Nothing more happens: finished, reset, or the client left. */
  destroyed = false;
  lastActivity: number;
  /** Told when it is over, after the filters' log callbacks. */
  onEnd: () => void = () => undefined;
  readonly decode: DecodePath;
  readonly encode: EncodePath;
  readonly router: Router;
  private filters: HttpFilter[] = [];
  private prepared: PreparedReply | undefined;
  private routeKnown = false;

  constructor(
    readonly host: HostCore,
    readonly settings: ListenerSettings,
    readonly connection: Connection,
    readonly info: StreamInfo,
    readonly downstream: Downstream,
  ) {
    this.lastActivity = info.start;
    this.decode = new DecodePath(this);
    this.encode = new EncodePath(this);
    this.router = new Router(this);
  }

  /** Makes the chain. @param make gets, for each filter in order, what it can do to this stream */
  build(names: readonly string[], make: (index: number, callbacks: FilterCallbacks) => HttpFilter | undefined): void {
    names.forEach((name, i) => {
      const callbacks = new StreamCallbacks(this);
      const filter = make(i, callbacks);
      if (!filter) return;
      callbacks.place = this.filters.length;
      this.filters.push(filter);
      this.decode.addStage(name, filter);
      this.encode.addStage(name, filter);
    });
    this.encode.finishStages();
  }

  get upstream(): UpstreamRequest | undefined {
    return this.router.request;
  }

  /** The route of the headers as they are; found once, and again after a filter edited them. */
  route(): Route | undefined {
    if (!this.routeKnown && this.requestHeaders) {
      this.routeKnown = true;
      const route = this.settings.routes.find(this.requestHeaders);
      this.info.route = route;
      this.info.virtualHost = this.settings.routes.virtualHost;
      this.info.upstreamCluster = route?.action.kind === "cluster" ? route.action.pick(this.requestHeaders, this.host.random) : undefined;
    }
    return this.info.route;
  }

  /** The next who asks gets another one; what properties show stays until then. */
  clearRouteCache(): void {
    this.routeKnown = false;
  }

  active(): void {
    this.lastActivity = this.host.clock.elapsed;
  }

  /** Answers instead of the upstream. What becomes of it depends on how far the response has come. */
  localReply(reply: LocalReply, flag = 0): void {
    if (this.destroyed)
      throw new EnvoyCrash("a local reply for a stream that is over: Envoy 1.40 ends with SIGSEGV or answers another request");
    if (this.decode.running) this.decode.aborted = true;
    else if (this.encode.running) this.encode.aborted = true;
    this.info.details = reply.details;
    this.info.flags |= flag;
    // Envoy takes its own 400 for a broken message, and the connection with it.
    if (reply.status === 400) this.requestRead = false;
    if (this.responseHeaders === undefined) {
      this.route();
      const prepared = prepareReply(this, reply);
      this.info.code = reply.status & 0xffff;
      if (!this.decode.running) this.deliver(prepared);
      else this.prepared ??= prepared;
    } else if (!this.headersSent) {
      const { headers, body } = prepareReply(this, reply);
      this.info.code = reply.status & 0xffff;
      this.responseHeaders = headers;
      this.sendHeaders(headers, body.length === 0);
      if (body.length > 0) this.sendData(body, true);
    } else {
      this.reset("the response had begun");
    }
  }

  /** A reply that a filter asked for while the request passed it. */
  deliverPrepared(): void {
    const { prepared } = this;
    this.prepared = undefined;
    if (prepared) this.deliver(prepared);
  }

  private deliver({ headers, body }: PreparedReply): void {
    this.responseHeaders = headers;
    this.encode.start(headers, body.length === 0);
    if (body.length > 0 && !this.destroyed) this.encode.more(body, true);
  }

  /** Behind the chain: to the client. */
  sendHeaders(headers: HeaderMap, end: boolean): void {
    this.alive("response headers");
    if (this.headersSent) throw new EnvoyCrash("proxy_continue_stream for a response that was not paused: Envoy sends its headers twice");
    this.headersSent = true;
    this.info.code = statusOf(headers.get(":status")) ?? 0;
    if (!headers.has("date")) headers.add("date", this.host.clock.text.http);
    headers.set("server", this.settings.serverName);
    this.downstream.headers(headers, end);
    if (end) this.finish();
  }

  sendData(bytes: Buffer, end: boolean): void {
    this.alive("response body");
    this.info.bytesSent += bytes.length;
    this.downstream.data(bytes, end);
    if (end) this.finish();
  }

  sendTrailers(trailers: HeaderMap): void {
    this.alive("response trailers");
    this.downstream.trailers(trailers);
    this.finish();
  }

  private alive(what: string): void {
    if (this.destroyed) throw new EnvoyCrash(`${what} for a stream that was closed in the same callback: Envoy 1.40 ends with SIGSEGV`);
  }

  private finish(): void {
    this.finished = true;
    this.end();
  }

  /** Ends the stream without an answer, or within it. */
  reset(reason: string): void {
    if (this.destroyed) throw new EnvoyCrash("a second end of one stream: Envoy 1.40 ends with SIGSEGV");
    this.downstream.reset(reason);
    this.end();
  }

  /** The client is gone. */
  abandoned(): void {
    if (this.destroyed) return;
    this.info.details = "downstream_remote_disconnect";
    this.info.flags |= Flag.DownstreamConnectionTermination[0];
    this.end();
  }

  /** The request did not reach the router whole in time. */
  requestTimedOut(): void {
    this.localReply({ status: 504, body: "request timeout", headers: [], grpcStatus: -1, details: "request_overall_timeout" });
  }

  idle(): void {
    const complete = this.requestComplete;
    this.localReply(
      { status: complete ? 504 : 408, body: "stream timeout", headers: [], grpcStatus: -1, details: "stream_idle_timeout" },
      Flag.StreamIdleTimeout[0],
    );
  }

  private end(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.info.end = this.host.clock.elapsed;
    this.router.cancel();
    this.decode.stop();
    for (const filter of this.filters) filter.log();
    this.onEnd();
    this.downstream.closed();
    for (const filter of this.filters) filter.destroy();
  }
}

/** One filter's hand on the stream. */
class StreamCallbacks implements FilterCallbacks {
  /** Where in the chain the filter stands. */
  place = 0;

  constructor(readonly stream: HttpStream) {}

  continueRequest(phase: string): void {
    if (this.stream.destroyed && !this.stream.finished) throw crashOnContinue("request");
    this.stream.decode.continueFrom(this.stream.decode.stageOf(this.place), phase);
  }

  continueResponse(phase: string): void {
    if (this.stream.destroyed && !this.stream.finished) throw crashOnContinue("response");
    this.stream.encode.continueFrom(this.stream.encode.stageOf(this.place), phase);
  }

  reply(reply: LocalReply): void {
    this.stream.localReply(reply);
  }

  resetStream(): void {
    this.stream.reset("a filter closed the stream");
  }

  failStream(): void {
    this.stream.localReply({ status: 503, body: "", headers: [], grpcStatus: 14, details: "wasm_fail_stream" });
  }

  bufferRequest(data: Body): void {
    this.stream.decode.buffer(data, false);
  }

  bufferResponse(data: Body): void {
    this.stream.encode.buffer(data, false);
  }

  requestBuffer(): Body {
    return this.stream.decode.editable(this.stream.decode.stageOf(this.place));
  }

  responseBuffer(): Body {
    return this.stream.encode.editable(this.stream.encode.stageOf(this.place));
  }

  addRequestTrailers(): HeaderMap {
    return this.stream.decode.addTrailers();
  }

  addResponseTrailers(): HeaderMap {
    return this.stream.encode.addTrailers();
  }
}

function crashOnContinue(what: string): EnvoyCrash {
  return new EnvoyCrash(
    `proxy_continue_stream for the ${what} of a stream that was closed in the same callback: Envoy 1.40 ends with SIGSEGV`,
  );
}

/** A status that Envoy takes: digits and nothing else. */
export function statusOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
