import type { Identity, Trust } from "../identities/types.ts";
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
  /** `h2` is HTTP/2 over TLS, `h2c` without [http/1.1]. */
  protocol?: "http/1.1" | "h2c" | "h2";
  /** Speaks TLS and presents this identity when it is asked [plain; TLS without a certificate when `trust` or `serverName` is given]. */
  identity?: Identity;
  /**
   * Speaks TLS and takes servers of these roots. Only their chain is verified: a SPIFFE certificate has no name that a client could compare
   * [the listener's own trust, then the identity's].
   */
  trust?: Trust;
  /** Speaks TLS and asks for this server name [none]. */
  serverName?: string;
  /** Milliseconds for the whole exchange [10000]. */
  timeout?: number;
  signal?: AbortSignal;
}

/** What a client saw of a TLS connection. */
export interface TlsSession {
  /** `TLSv1.2` or `TLSv1.3`. */
  version: string;
  /** The protocol that was agreed on by ALPN, undefined if none. */
  alpn: string | undefined;
  /** The SHA-256 digest of the server's certificate, lower-case hex: tells which of its identities a server presented. */
  serverSha256: string;
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
  /** The connection's, if it was TLS. */
  tls?: TlsSession;
}

/** A promise of an answer that can be given up: `abort()` closes the connection at once and rejects the promise. */
export interface PendingResponse extends Promise<HttpResponse> {
  abort(): void;
}
