import type { HeaderPairs } from "../upstreams/types.ts";
import { Flag } from "./stream/info.ts";
import type { HostRequest } from "./types.ts";

/** A request that Envoy answers before it reaches the chain. */
export interface EarlyAnswer {
  status: number;
  body: string;
  details: string;
  flag: number;
  /** Its headers are in the access log. */
  seen: boolean;
}

const MAX_HEADERS = 100;
const MAX_BYTES = 60 * 1024;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What Envoy's HTTP/1 parser takes (http-parser's list, as far as clients use it). */
const METHODS = new Set(
  "DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE MSEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE".split(
    " ",
  ),
);

/** The checks of Envoy's codec and connection manager that a test is likely to meet; undefined for a request that reaches the chain. */
export function rejectEarly({ method = "GET", path = "/", protocol }: HostRequest, headers: HeaderPairs): EarlyAnswer | undefined {
  const http1 = protocol === undefined || protocol === "http/1.1";
  const codecError = (): EarlyAnswer => ({
    status: 400,
    body: "Bad Request",
    details: http1 ? "http1.codec_error" : "http2.violation.of.messaging.rule",
    flag: Flag.DownstreamProtocolError[0],
    seen: false,
  });
  if (headers.some(([name, value]) => !(TOKEN.test(name) || name === ":authority") || hasControl(value))) return codecError();
  if (http1 && !METHODS.has(method)) return codecError();
  if (headers.length > MAX_HEADERS || headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > MAX_BYTES) {
    return {
      status: 431,
      body: "Request Header Fields Too Large",
      details: "http1.headers_too_large",
      flag: Flag.DownstreamProtocolError[0],
      seen: false,
    };
  }
  if (path.includes("#")) return { status: 400, body: "", details: "path_normalization_failed", flag: 0, seen: true };
  if (!path.startsWith("/") && method !== "CONNECT" && !/^https?:\/\//.test(path)) {
    return { status: 404, body: "", details: "", flag: 0, seen: true };
  }
  return undefined;
}

function hasControl(value: string): boolean {
  return /[\0\r\n]/.test(value);
}
