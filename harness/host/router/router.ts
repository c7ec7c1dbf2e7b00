import type { Timer } from "../clock.ts";
import { EnvoyCrash } from "../failure.ts";
import type { Body } from "../stream/body.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import { Flag } from "../stream/info.ts";
import type { HttpStream } from "../stream/stream.ts";
import type { Cluster } from "./cluster.ts";
import type { AddedHeader } from "./route.ts";
import { type ResetReason, UpstreamRequest } from "./upstream-request.ts";

/** A local reply of the router's. */
interface OwnAnswer {
  status: number;
  body?: string;
  details: string;
  flag?: number;
  headers?: [string, string][];
}

/** The end of the chain: picks the route, sends the request on, brings the answer back. */
export class Router {
  request: UpstreamRequest | undefined;
  /** The upstream's clock at the start of the request, in virtual nanoseconds. */
  private sentAt = 0;
  private timer: Timer | undefined;
  private timeoutMs = 0;
  private seen = false;
  private trailersSent = false;
  /** The whole request has arrived here. */
  hasAll = false;
  private responseHeaders: readonly AddedHeader[] = [];

  constructor(private readonly stream: HttpStream) {}

  headers(headers: HeaderMap, end: boolean): void {
    const { stream } = this;
    if (stream.destroyed)
      throw new EnvoyCrash("a request goes on after its stream was closed in the same callback: Envoy 1.40 ends with SIGSEGV");
    if (this.seen) throw new EnvoyCrash("proxy_continue_stream for a request that was not paused: Envoy sends the request twice");
    this.seen = true;
    stream.route();
    const cluster = stream.settings.cluster(stream.info.upstreamCluster ?? "");
    const own = this.ownAnswer(headers, cluster) ?? this.prepare(headers);
    if (own || !cluster || cluster.kind === "empty" || cluster.kind === "full") {
      if (own) this.answer(own);
      return;
    }
    const { info } = stream;
    info.upstreamHost = cluster.kind === "refused" ? cluster.address : cluster.upstream.address;
    info.upstreamLocal = { host: "127.0.0.1", port: 40_000 };
    info.attempts = 1;
    this.sentAt = stream.host.clock.elapsed;
    this.request = new UpstreamRequest(cluster, this.callbacks(), (task) => stream.host.loop.post(task));
    this.request.headers(headers, !end);
    if (end) this.sent();
  }

  data(data: Body, end: boolean): void {
    this.request?.data(data);
    if (end) this.sent();
  }

  trailers(trailers: HeaderMap): void {
    if (this.trailersSent) throw new EnvoyCrash("proxy_continue_stream for a request that was not paused: Envoy sends its trailers twice");
    this.trailersSent = true;
    this.sent(trailers);
  }

  cancel(): void {
    this.timer?.cancel();
    this.request?.cancel();
  }

  private sent(trailers?: HeaderMap): void {
    this.hasAll = true;
    this.request?.complete(trailers);
    if (this.request && this.timeoutMs > 0) this.timer = this.stream.host.clock.after(this.timeoutMs, () => this.timedOut());
  }

  private timedOut(): void {
    const { stream } = this;
    this.request?.cancel();
    if (stream.responseHeaders === undefined) {
      this.answer({ status: 504, body: "upstream request timeout", details: "response_timeout", flag: Flag.UpstreamRequestTimeout[0] });
    } else {
      stream.info.details = "upstream_response_timeout";
      stream.info.flags |= Flag.UpstreamRequestTimeout[0];
      if (!stream.destroyed) stream.reset("the upstream did not finish in time");
    }
  }

  /** What the router says itself, without asking anybody. */
  private ownAnswer(headers: HeaderMap, cluster: Cluster | undefined): OwnAnswer | undefined {
    const route = this.stream.route();
    if (!route) return { status: 404, details: "route_not_found", flag: Flag.NoRouteFound[0] };
    const { action } = route;
    if (action.kind === "direct") return { status: action.status, body: action.body, details: "direct_response" };
    if (action.kind === "redirect") {
      return { status: action.status, details: "direct_response", headers: [["location", action.location(headers)]] };
    }
    if (!cluster) return { status: 503, details: "cluster_not_found", flag: Flag.NoClusterFound[0] };
    if (cluster.kind === "empty") {
      return { status: 503, body: "no healthy upstream", details: "no_healthy_upstream", flag: Flag.NoHealthyUpstream[0] };
    }
    if (cluster.kind === "full") {
      const body = "upstream connect error or disconnect/reset before headers. reset reason: overflow";
      return { status: 503, body, details: "upstream_reset_before_response_started{overflow}", headers: [["x-envoy-overloaded", "true"]] };
    }
    return undefined;
  }

  /** Makes the headers what the upstream gets. @returns an answer when Envoy's codec would not send them */
  private prepare(headers: HeaderMap): OwnAnswer | undefined {
    const action = this.stream.route()?.action;
    if (action?.kind !== "cluster") return undefined;
    this.timeoutMs = action.timeoutMs;
    this.responseHeaders = action.responseHeaders;
    // A caller may ask for another timeout; it is not passed on.
    const asked = headers.get("x-envoy-upstream-rq-timeout-ms");
    if (asked !== undefined && /^\d+$/.test(asked)) this.timeoutMs = Number(asked);
    headers.remove("x-envoy-upstream-rq-timeout-ms");
    if (this.timeoutMs > 0) headers.set("x-envoy-expected-rq-timeout-ms", String(this.timeoutMs));
    for (const { name, value, overwrite } of action.requestHeaders) overwrite ? headers.replace(name, value) : headers.add(name, value);
    if (action.prefixRewrite !== undefined) {
      const path = headers.get(":path") ?? "";
      headers.replace("x-envoy-original-path", path);
      headers.replace(":path", action.prefixRewrite + path.slice(action.prefix.length));
    }
    if (!/^https?$/i.test(headers.get(":scheme") ?? "")) {
      const forwarded = headers.get("x-forwarded-proto") ?? "";
      headers.set(":scheme", /^https?$/i.test(forwarded) ? forwarded : "http");
    }
    const invalid = invalidHeader(headers);
    if (invalid === undefined) return undefined;
    const details = `filter_removed_required_request_headers{${invalid.replaceAll(" ", "_")}}`;
    return { status: 503, body: invalid, details, flag: Flag.DownstreamProtocolError[0] };
  }

  private answer({ status, body = "", details, flag = 0, headers = [] }: OwnAnswer): void {
    this.stream.localReply({ status, body, headers, grpcStatus: -1, details }, flag);
  }

  private callbacks() {
    const { stream } = this;
    return {
      headers: (headers: HeaderMap, end: boolean) => {
        const { elapsed } = stream.host.clock;
        stream.info.details = "via_upstream";
        stream.info.code = Number(headers.get(":status"));
        if (end) stream.info.upstreamLastByte = elapsed;
        headers.set("x-envoy-upstream-service-time", String(Math.round((elapsed - this.sentAt) / 1_000_000)));
        for (const { name, value, overwrite } of this.responseHeaders) overwrite ? headers.replace(name, value) : headers.add(name, value);
        if (end) this.timer?.cancel();
        stream.encode.start(headers, end);
      },
      data: (bytes: Buffer, end: boolean) => {
        if (end) this.lastByte();
        stream.encode.more(bytes, end);
      },
      trailers: (trailers: HeaderMap) => {
        this.lastByte();
        stream.encode.last(trailers);
      },
      reset: (reason: ResetReason) => this.upstreamReset(reason),
    };
  }

  private lastByte(): void {
    this.timer?.cancel();
    this.stream.info.upstreamLastByte = this.stream.host.clock.elapsed;
  }

  private upstreamReset(reason: ResetReason): void {
    const { stream } = this;
    this.timer?.cancel();
    const flag = Flag[reason.flag][0];
    if (stream.responseHeaders === undefined) {
      const body = `upstream connect error or disconnect/reset before headers. reset reason: ${reason.text}`;
      const status = reason.flag === "UpstreamProtocolError" ? 502 : 503;
      this.answer({ status, body, details: `upstream_reset_before_response_started{${reason.details}}`, flag });
      return;
    }
    stream.info.details = `upstream_reset_after_response_started{${reason.details}}`;
    stream.info.flags |= flag;
    if (!stream.destroyed) stream.reset("the upstream broke its connection within the answer");
  }
}

/** What Envoy's codec refuses to send: the first of it. */
function invalidHeader(headers: HeaderMap): string | undefined {
  if (!headers.has(":method")) return "missing required header: :method";
  for (const [name, value] of headers.pairs()) {
    if (/[\0\r\n\x7f]/.test(value)) return `invalid header value for: ${name}`;
    if (!name.startsWith(":") && !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]*$/.test(name)) return `invalid header name: ${name}`;
  }
  return undefined;
}
