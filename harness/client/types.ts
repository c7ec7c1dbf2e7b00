import type { BodyInput, HeaderPairs, HeadersInput } from "../upstreams/types.ts";

/** A request as it shall be on the wire. */
export interface HttpRequest {
  /** [GET] */
  method?: string;
  /** With the query [/]. */
  path?: string;
  /**
   * In this order and with these bytes: characters up to U+00FF are sent as that byte. `host` is added when absent, and over HTTP/1.1
   * `content-length` or `transfer-encoding` when there is a body and neither is given. Over h2c the values of a repeated name are sent
   * together at the place of the first one (a limit of node:http2).
   */
  headers?: HeadersInput;
  body?: BodyInput;
  trailers?: HeadersInput;
  /** [http/1.1] */
  protocol?: "http/1.1" | "h2c";
  /** Milliseconds for the whole exchange [10000]. */
  timeout?: number;
  signal?: AbortSignal;
}

/** A complete answer. */
export interface HttpResponse {
  status: number;
  /** The reason phrase of HTTP/1.1, empty for HTTP/2. */
  reason: string;
  /** `1.0`, `1.1` or `2.0`. */
  httpVersion: string;
  /** All pairs in wire order, without pseudo headers. */
  headers: HeaderPairs;
  /** The first value of a name, undefined if absent; names in any case. */
  header(name: string): string | undefined;
  /** All values of a name. */
  headerValues(name: string): string[];
  body: Buffer;
  text(): string;
  json(): unknown;
  trailers: HeaderPairs;
  /** Status codes of 1xx answers that came before. */
  informational: number[];
}

/** A promise of an answer that can be given up: `abort()` closes the connection at once and rejects the promise. */
export interface PendingResponse extends Promise<HttpResponse> {
  abort(): void;
}
