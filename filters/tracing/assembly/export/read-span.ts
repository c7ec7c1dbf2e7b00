import { Bytes, EMPTY, HeaderName, Headers, HttpContext, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, isOutbound, PrincipalValue } from "../../../../policy";
import { Span } from "../core/span";
import { SpanKind } from "./config";

const TIME: PropertyPath = PropertyPath.of("request.time");
const DURATION: PropertyPath = PropertyPath.of("request.duration");
const PROTOCOL: PropertyPath = PropertyPath.of("request.protocol");
const CODE: PropertyPath = PropertyPath.of("response.code");
const DETAILS: PropertyPath = PropertyPath.of("response.code_details");
const FLAGS: PropertyPath = PropertyPath.of("response.flags");
const GRPC_STATUS: PropertyPath = PropertyPath.of("response.grpc_status");
const SOURCE: PropertyPath = PropertyPath.of("source.address");
const UPSTREAM: PropertyPath = PropertyPath.of("upstream.address");
const CLUSTER: PropertyPath = PropertyPath.of("xds.cluster_name");
const ROUTE: PropertyPath = PropertyPath.of("xds.route_name");

const USER_AGENT: HeaderName = new HeaderName("user-agent");
const REQUEST_ID: HeaderName = new HeaderName("x-request-id");
/** Where Envoy's router keeps what a route has rewritten. */
const ORIGINAL_PATH: HeaderName = new HeaderName("x-envoy-original-path");
const ORIGINAL_HOST: HeaderName = new HeaderName("x-envoy-original-host");
/** ... and where it has followed a redirect from. */
const ORIGINAL_URL: HeaderName = new HeaderName("x-envoy-original-url");
const INTERNAL_REDIRECT: Bytes = Bytes.of("internal_redirect");
const COLON: u8 = 0x3a;
const SLASH: u8 = 0x2f;
const GRPC: Bytes = Bytes.of("application/grpc");

const principal: PrincipalValue = new PrincipalValue();

/** Reads all but the ids of a request that is over: to be called in `onLog`. False when the host gives no time: such a span cannot be shown. */
export function readSpan(span: Span, stream: HttpContext, attributes: Attributes, kind: SpanKind): bool {
  const start = stream.propertyInt(TIME);
  if (start <= 0) return false;
  span.start = start;
  span.duration = max(stream.propertyInt(DURATION), 0);
  span.client = kind == SpanKind.ByDirection ? isOutbound(stream) : kind == SpanKind.Client;
  const headers = stream.requestHeaders();
  span.method = text(headers.get(HeaderName.METHOD));
  span.scheme = text(headers.get(HeaderName.SCHEME));
  span.authority = original(headers, ORIGINAL_HOST, HeaderName.AUTHORITY);
  span.path = original(headers, ORIGINAL_PATH, HeaderName.PATH);
  span.userAgent = text(headers.get(USER_AGENT));
  span.requestId = text(headers.get(REQUEST_ID));
  span.protocol = text(stream.property(PROTOCOL));
  span.status = <u32>max(stream.propertyInt(CODE), 0);
  span.details = text(stream.property(DETAILS));
  // The headers are those of the next request already.
  if (span.details.equals(INTERNAL_REDIRECT)) takeUrl(span, text(headers.get(ORIGINAL_URL)));
  span.flags = stream.propertyInt(FLAGS);
  // For a plain answer Envoy makes one up.
  span.grpcStatus = text(headers.get(HeaderName.CONTENT_TYPE)).startsWith(GRPC) ? <i32>stream.propertyInt(GRPC_STATUS, -1) : -1;
  span.peer = text(stream.property(span.client ? UPSTREAM : SOURCE));
  span.principal = span.client ? EMPTY : text(principal.at(attributes.of(headers, stream), 0));
  span.route = text(stream.property(ROUTE));
  span.cluster = text(stream.property(CLUSTER));
  return true;
}

/** `http://host/path` */
function takeUrl(span: Span, url: Bytes): void {
  const colon = url.indexOf(COLON);
  const host = colon + 3;
  if (colon < 0 || url.at(colon + 1) != SLASH || url.at(colon + 2) != SLASH) return;
  const path = url.indexOf(SLASH, host);
  if (path < 0) return;
  span.scheme = url.slice(0, colon);
  span.authority = url.slice(host, path);
  span.path = url.slice(path);
}

function original(headers: Headers, before: HeaderName, now: HeaderName): Bytes {
  const value = headers.get(before);
  return value !== null && value.length > 0 ? value : text(headers.get(now));
}

function text(value: Bytes | null): Bytes {
  return value === null ? EMPTY : value;
}
