import { ArenaBuffer, Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { flagNames } from "../../../../policy";
import { Encoding, LONGEST, LONGEST_PATH } from "./encoding";
import { Endpoint } from "./endpoint";
import { Span } from "./span";

/** Names of OpenTelemetry's semantic conventions for HTTP, then Envoy's own. https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
const METHOD: Bytes = Bytes.of("http.request.method");
const METHOD_ORIGINAL: Bytes = Bytes.of("http.request.method_original");
const STATUS: Bytes = Bytes.of("http.response.status_code");
const SCHEME: Bytes = Bytes.of("url.scheme");
const PATH: Bytes = Bytes.of("url.path");
const SERVER_ADDRESS: Bytes = Bytes.of("server.address");
const SERVER_PORT: Bytes = Bytes.of("server.port");
const CLIENT_ADDRESS: Bytes = Bytes.of("client.address");
const CLIENT_PORT: Bytes = Bytes.of("client.port");
const PEER_ADDRESS: Bytes = Bytes.of("network.peer.address");
const PEER_PORT: Bytes = Bytes.of("network.peer.port");
const PROTOCOL_VERSION: Bytes = Bytes.of("network.protocol.version");
const USER_AGENT: Bytes = Bytes.of("user_agent.original");
const GRPC_STATUS: Bytes = Bytes.of("rpc.grpc.status_code");
const RPC_SYSTEM: Bytes = Bytes.of("rpc.system");
const GRPC: Bytes = Bytes.of("grpc");
const ERROR_TYPE: Bytes = Bytes.of("error.type");
const PRINCIPAL: Bytes = Bytes.of("source.principal");
const REQUEST_ID: Bytes = Bytes.of("guid:x-request-id");
const CLUSTER: Bytes = Bytes.of("upstream_cluster");
const FLAGS: Bytes = Bytes.of("response_flags");
const DETAILS: Bytes = Bytes.of("response_code_details");

const METHODS: Bytes[] = "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split(" ").map<Bytes>((method) => Bytes.of(method));
const OTHER: Bytes = Bytes.of("_OTHER");
/** In the place of a method that is none: names of spans must be few. */
const HTTP: Bytes = Bytes.of("HTTP");
const HTTP_SLASH: Bytes = Bytes.of("HTTP/");
const VIA_UPSTREAM: Bytes = Bytes.of("via_upstream");
const LATE_RESET: Bytes = Bytes.of("upstream_reset_after_response_started");
const NO_ANSWER: Bytes = Bytes.of("no_response");
const QUERY: u8 = 0x3f;
const FRAGMENT: u8 = 0x23;
/** What gRPC takes for a server's fault: unknown, deadline exceeded, unimplemented, internal, unavailable, data loss. */
const GRPC_FAULTS: u32 = (1 << 2) | (1 << 4) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 15);

const server: Endpoint = new Endpoint();
const peer: Endpoint = new Endpoint();
const scratch: ArenaBuffer = new ArenaBuffer();

/** Writes a span. False when memory ran out: there is then nothing to be used. */
export function writeSpan(span: Span, to: Encoding): bool {
  const known = isKnown(span.method);
  peer.read(span.peer);
  to.begin(span, known ? span.method : HTTP, span.route, peer);
  to.text(METHOD, known ? span.method : OTHER, LONGEST);
  if (!known) text(to, METHOD_ORIGINAL, span.method);
  if (span.status != 0) to.number(STATUS, span.status);
  text(to, SCHEME, span.scheme);
  if (span.path.length > 0) to.text(PATH, withoutQuery(span.path), LONGEST_PATH);
  address(to, SERVER_ADDRESS, SERVER_PORT, server.read(span.authority));
  address(to, span.client ? PEER_ADDRESS : CLIENT_ADDRESS, span.client ? PEER_PORT : CLIENT_PORT, peer);
  if (span.protocol.startsWith(HTTP_SLASH)) text(to, PROTOCOL_VERSION, span.protocol.slice(HTTP_SLASH.length));
  text(to, USER_AGENT, span.userAgent);
  if (span.grpcStatus >= 0) {
    to.text(RPC_SYSTEM, GRPC, LONGEST);
    to.number(GRPC_STATUS, span.grpcStatus);
  }
  text(to, PRINCIPAL, span.principal);
  text(to, REQUEST_ID, span.requestId);
  text(to, CLUSTER, span.cluster);
  if (span.flags != 0) text(to, FLAGS, flagNames(span.flags, scratch));
  if (!span.details.equals(VIA_UPSTREAM)) text(to, DETAILS, span.details);
  const error = errorType(span);
  text(to, ERROR_TYPE, error);
  to.end(error);
  return to.into.ok;
}

/** Empty when nothing went wrong. A client's mistake is an error of the client's span alone. */
function errorType(span: Span): Bytes {
  if (span.status == 0 || span.details.startsWith(LATE_RESET)) return span.details.length > 0 ? span.details : NO_ANSWER;
  if (span.status >= (span.client ? 400 : 500)) return decimal(span.status);
  const grpc = span.grpcStatus;
  if (grpc > 0 && (span.client || grpc > 16 || ((GRPC_FAULTS >> grpc) & 1) != 0)) return decimal(grpc);
  return EMPTY;
}

function decimal(value: u32): Bytes {
  scratch.clear();
  scratch.pushDecimal(value);
  return scratch.bytes();
}

function text(to: Encoding, key: Bytes, value: Bytes): void {
  if (value.length > 0) to.text(key, value, LONGEST);
}

function address(to: Encoding, host: Bytes, port: Bytes, endpoint: Endpoint): void {
  text(to, host, endpoint.host);
  if (endpoint.port != 0) to.number(port, endpoint.port);
}

function isKnown(method: Bytes): bool {
  for (let i = 0; i < METHODS.length; i++) {
    if (METHODS[i].equals(method)) return true;
  }
  return false;
}

function withoutQuery(path: Bytes): Bytes {
  for (let i = 0; i < path.length; i++) {
    const c = path.at(i);
    if (c == QUERY || c == FRAGMENT) return path.slice(0, i);
  }
  return path;
}
