import type { HttpRequest, HttpResponse } from "../client/types.ts";
import type { ChainOptions } from "../envoy/types.ts";
import type { BodyInput, HeaderPairs, HeadersInput } from "../upstreams/types.ts";
import type { Counts } from "./counts.ts";
import type { ForeignFunction } from "./foreign.ts";
import type { HostPlugin } from "./plugins/plugin.ts";

/** How the host is opened. What `openEnvoy` takes for its one listener means the same here. */
export interface HostOptions extends ChainOptions {
  /** The plugins in order, in front of the router; the same as `filters` [none]. */
  plugins?: readonly HostPlugin[];
  /** Worker threads; each has its own VMs, all share data, queues and metrics. Requests go round [1]. */
  workers?: number;
  /** Envoy's name for `workers`. */
  concurrency?: number;
  /** As for `openEnvoy`; here a stream of the old chain ends by itself, however long that takes. */
  drainSeconds?: number;
  /** Decides `random_get`, request ids and weighted routes: the same seed, the same run ["meshscript"]. */
  seed?: string | number;
  /** The wall clock at the start [2026-01-01T00:00:00Z]. */
  now?: string | Date;
  /**
   * When a request is awaited that nothing will resume: `fail` rejects it with MS0702, `wait` lets the clock run to the timeout that ends it
   * in Envoy [fail].
   */
  onHang?: "fail" | "wait";
  /** The lowest level of modules' lines that is kept, which is also what `proxy_get_log_level` tells them; as `wasm:info` [wasm:debug]. */
  componentLogLevel?: string;
  /** As `xds.node` shows it [id and cluster `meshscript`]. */
  node?: { id?: string; cluster?: string; metadata?: Record<string, unknown> };
  /** Functions that modules find by `proxy_call_foreign_function`, beside and instead of Envoy's. */
  foreignFunctions?: Record<string, ForeignFunction>;
  /** The listener's metadata, for `xds.listener_metadata` [none]. */
  listenerMetadata?: Record<string, Record<string, unknown>>;
  /**
   * How long modules may run for one event, in real milliseconds or as "5s". A module that does not return by then ends the host with MS0705;
   * Envoy's worker would be lost. Costs about 0.1 ms an event [no limit].
   */
  callbackLimit?: string | number;
  /** A module may crash the host: `stop()` then does not reject, as with `openEnvoy` [false]. */
  mayEnd?: boolean;
}

/** A request to the host: what the real client takes, and what only a host can choose. */
export interface HostRequest extends HttpRequest {
  /** The listener it goes to [main, or the only one, or the first]. */
  listener?: string;
  /** The worker that gets it, from 0 [one after the other]. */
  worker?: number;
  /** Where the client is, as `ip:port` [127.0.0.1 and a port of its own]. */
  source?: string;
  /** What it connected to, as `ip:port` [127.0.0.1 and the listener's port]. */
  destination?: string;
  /** Dynamic metadata that filters in front of ours have set, by namespace: for example what `jwt_authn` found. */
  metadata?: Record<string, Record<string, unknown>>;
  /** Filter state that filters in front of ours have set, by key. */
  filterState?: Record<string, string>;
}

/** An answer of the host, with what the request cost. */
export interface HostResponse extends HttpResponse {
  /** By plugin name: host calls, bytes and allocations of this request's own callbacks. */
  counts: Record<string, Counts>;
}

/** A promise of an answer. Awaiting it lets virtual time pass; until then time stands still. */
export interface PendingHostResponse extends Promise<HostResponse> {
  abort(): void;
  /** The exchange as it is now. */
  readonly stream: StreamView;
}

/** What the client has of an answer. */
export interface PartialAnswer {
  status: number;
  headers: HeaderPairs;
  body: Buffer;
  trailers: HeaderPairs;
  complete: boolean;
}

/** A look into a stream that is under way, and a hand on it. */
export interface StreamView {
  /** The filter that has paused the request or the response; undefined while it flows. */
  readonly paused: { request?: string; response?: string };
  /** The headers as the chain has them now; undefined before they are there. */
  readonly requestHeaders: HeaderPairs | undefined;
  readonly responseHeaders: HeaderPairs | undefined;
  /** What the client has so far. */
  readonly answer: PartialAnswer | undefined;
  /** Envoy's response code details and flags so far. */
  readonly details: string | undefined;
  readonly over: boolean;
  /** Goes on as if the filter that paused had called `proxy_continue_stream`. */
  resume(direction: "request" | "response"): void;
}

/** A request whose body is sent step by step. */
export interface HostStream extends StreamView {
  /** The answer. */
  readonly response: PendingHostResponse;
  /** Sends a piece of the body: one call of the chain's body callbacks. */
  write(data: string | Uint8Array): void;
  /** Ends the request. */
  end(data?: string | Uint8Array, trailers?: HeadersInput): void;
  /** The client leaves. */
  abort(): void;
}

export type { BodyInput };
