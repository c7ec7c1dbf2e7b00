import type { TcpConnection } from "../tcp/connection.ts";

/** Name and value pairs as they are on the wire: in order, repeated names kept apart, values one character per byte (latin1). */
export type HeaderPairs = [name: string, value: string][];

/** Headers as a user writes them; an array as value repeats the name. */
export type HeadersInput = ReadonlyArray<readonly [string, string]> | Record<string, string | readonly string[]>;

/** One or several pieces of a body. Strings are UTF-8. */
export type BodyInput = string | Uint8Array | readonly (string | Uint8Array)[] | AsyncIterable<string | Uint8Array>;

/** How an upstream answers. */
export interface UpstreamResponse {
  /** [200] */
  status?: number;
  headers?: HeadersInput;
  /** [empty] */
  body?: BodyInput;
  trailers?: HeadersInput;
  /**
   * The answer waits: so long, `"50ms"` (virtual time on the in-process host, real time on a socket), or for a promise, which is the way to hold a
   * request until the test lets it go.
   */
  delay?: string | Promise<unknown>;
  /** Resets the connection (HTTP/2: the stream) instead of answering, before any header or in the middle of the body. */
  reset?: "before-headers" | "mid-body";
  /** Answers as soon as the request's headers are there, without waiting for its body [false]. */
  early?: boolean;
}

/** Decides per request. A promise that the test resolves later leaves the request hanging until then. */
export type Responder = UpstreamResponse | ((request: ReceivedHead) => UpstreamResponse | Promise<UpstreamResponse>);

/** What an upstream speaks. */
export type UpstreamProtocol = "http/1.1" | "h2c" | "tcp";

export interface UpstreamSpec {
  /** [200 without a body] */
  respond?: Responder;
  /** HTTP/2 without TLS is `h2c`; `tcp` is bytes, which the test reads and writes on `connections` [http/1.1]. */
  protocol?: UpstreamProtocol;
  /** Of a `tcp` upstream: told of each connection, to answer what comes [the test does it by hand]. */
  accept?: (connection: TcpConnection) => void;
  /** The loopback port [0: the kernel chooses]. */
  port?: number;
  /** Merged over the cluster that leads to it, in Envoy's field names [nothing]. */
  cluster?: Record<string, unknown>;
}

/** What is known of a request when its headers have arrived. */
export interface ReceivedHead {
  method: string;
  path: string;
  /** The `host` header or `:authority`. */
  authority: string | undefined;
  httpVersion: string;
  /** All pairs in wire order, pseudo headers included for HTTP/2. */
  headers: HeaderPairs;
  /** The first value of a name, undefined if absent; names in any case. */
  header(name: string): string | undefined;
  /** All values of a name. */
  headerValues(name: string): string[];
  /** The whole body, when it has arrived; rejects if the client left before. */
  complete: Promise<ReceivedRequest>;
}

/** A request that arrived whole. */
export interface ReceivedRequest extends ReceivedHead {
  body: Buffer;
  text(): string;
  json(): unknown;
  trailers: HeaderPairs;
}
