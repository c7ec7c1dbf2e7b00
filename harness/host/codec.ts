import { hasName, toPairs, wholeBody } from "../client/headers.ts";
import type { HeaderPairs } from "../upstreams/types.ts";
import type { HeaderMap } from "./stream/header-map.ts";
import { Flag } from "./stream/info.ts";
import type { Connection } from "./stream/stream.ts";
import type { HostRequest } from "./types.ts";

/** A request that Envoy answers before it reaches the chain. */
export interface EarlyAnswer {
  status: number;
  body: string;
  details: string;
  flag: number;
  /** Its headers are in the access log. */
  seen: boolean;
  keepsConnection: boolean;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What Envoy's HTTP/1 parser takes (http-parser's list, as far as clients use it). */
const METHODS = new Set(
  "DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE MSEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE".split(
    " ",
  ),
);

/** Of the connection manager. */
export interface HeaderLimits {
  count: number;
  bytes: number;
}

/** How far the connection manager believes what came before it. */
export interface Forwarding {
  useRemoteAddress: boolean;
  trustedHops: number;
}

/** The checks of Envoy's codec and connection manager that a test is likely to meet; undefined for a request that reaches the chain. */
export function rejectEarly(
  { method = "GET", path = "/", protocol }: HostRequest,
  headers: HeaderPairs,
  limits: HeaderLimits,
): EarlyAnswer | undefined {
  const http1 = protocol === undefined || protocol === "http/1.1";
  const codecError = (): EarlyAnswer => ({
    status: 400,
    body: "Bad Request",
    details: http1 ? "http1.codec_error" : "http2.violation.of.messaging.rule",
    flag: Flag.DownstreamProtocolError[0],
    seen: false,
    keepsConnection: false,
  });
  if (headers.some(([name, value]) => !(TOKEN.test(name) || name === ":authority") || hasControl(value))) return codecError();
  if (http1 && !METHODS.has(method)) return codecError();
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (headers.length > limits.count || bytes > limits.bytes) {
    const details = headers.length > limits.count ? "too_many_headers" : "headers_too_large";
    const body = "Request Header Fields Too Large";
    return { status: 431, body, details: `http1.${details}`, flag: Flag.DownstreamProtocolError[0], seen: false, keepsConnection: false };
  }
  if (path.includes("#"))
    return { status: 400, body: "", details: "path_normalization_failed", flag: 0, seen: true, keepsConnection: false };
  if (!path.startsWith("/") && method !== "CONNECT" && !/^https?:\/\//.test(path)) {
    return { status: 404, body: "", details: "absolute_path_rejected", flag: 0, seen: true, keepsConnection: true };
  }
  return undefined;
}

function hasControl(value: string): boolean {
  return /[\0\r\n]/.test(value);
}

export function isHttp2({ protocol }: HostRequest): boolean {
  return protocol === "h2c" || protocol === "h2";
}

/** As the harness's own client writes them. */
export function requestHeaders(request: HostRequest, authority: string, whole: boolean): [string, string][] {
  const headers = toPairs(request.headers);
  const has = (name: string) => hasName(headers, name);
  if (!has("host") && !has(":authority")) headers.unshift(["host", authority]);
  if (isHttp2(request) || has("content-length") || has("transfer-encoding")) return headers;
  const body = whole && request.trailers === undefined ? wholeBody(request.body) : undefined;
  if (body === undefined) headers.push(["transfer-encoding", "chunked"]);
  else if (request.body !== undefined) headers.push(["content-length", String(body.length)]);
  return headers;
}

/** Pseudo headers as the codec makes them, in front of the others. */
export function wireOrder(headers: HeaderPairs, request: HostRequest): HeaderPairs {
  const { method = "GET", path = "/", protocol } = request;
  const rest: HeaderPairs = [];
  const hosts: HeaderPairs = [];
  for (const pair of headers) {
    const [name, value] = pair;
    if (name === "host" || name === ":authority" || name.toLowerCase() === "host") hosts.push([":authority", value]);
    else rest.push(pair);
  }
  if (isHttp2(request)) {
    const scheme = protocol === "h2" ? "https" : "http";
    return [[":method", method], [":path", path], [":scheme", scheme], ...hosts.slice(0, 1), ...joinCookies(rest)];
  }
  // An absolute URI decides over the host header.
  const uri = path.startsWith("/") ? undefined : /^(https?):\/\/([^/?]*)(.*)$/s.exec(path);
  if (!uri) return [...hosts, [":path", path], [":method", method], ...rest];
  const [, scheme = "", authority = "", target = ""] = uri;
  return [[":authority", authority], [":scheme", scheme], [":path", target === "" ? "/" : target], [":method", method], ...rest];
}

/** Cookie crumbs of HTTP/2 become one header (RFC 9113, 8.2.3), which Envoy's codec adds when it has seen all others. */
function joinCookies(headers: readonly [string, string][]): HeaderPairs {
  const isCookie = ([name]: readonly [string, string]) => name.toLowerCase() === "cookie";
  const cookies = headers.filter(isCookie).map(([, value]) => value);
  const others = headers.filter((pair) => !isCookie(pair));
  return cookies.length === 0 ? others : [...others, ["cookie", cookies.join("; ")]];
}

/** What the connection manager adds and takes away before the first filter. */
export function finishHeaders(map: HeaderMap, requestId: string | undefined, connection: Connection, forwarding: Forwarding): void {
  for (const name of ["connection", "keep-alive", "proxy-connection", "transfer-encoding"]) map.remove(name);
  const scheme = connection.tls ? "https" : "http";
  if (!map.has(":scheme")) map.add(":scheme", scheme);
  const external = forwarding.useRemoteAddress ? believe(map, connection, forwarding.trustedHops) : undefined;
  if (!map.has("x-forwarded-proto")) map.add("x-forwarded-proto", scheme);
  if (external !== undefined) map.replace("x-envoy-external-address", external);
  if (requestId !== undefined && !map.has("x-request-id")) map.add("x-request-id", requestId);
}

/** `use_remote_address`: appends the peer, and takes the client's address from as far back as is trusted. @returns it when it is external */
function believe(map: HeaderMap, connection: Connection, hops: number): string | undefined {
  const before = (map.get("x-forwarded-for") ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  const peer = connection.remote.host;
  const trusted = hops > 0 ? before.at(-hops) : undefined;
  map.set("x-forwarded-for", [...before, peer].join(","));
  if (trusted !== undefined) connection.remote = { host: trusted, port: 0 };
  const { host } = connection.remote;
  return /^(10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(host) ? undefined : host;
}
