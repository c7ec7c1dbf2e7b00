import { HeaderName, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Value } from "../value";
import { ClaimValue, isClaimName } from "./claim";
import { ClientIpValue } from "./client-ip";
import { headerValue, HeaderValue } from "./header";
import { QueryStringValue, UrlPathValue } from "./path";
import { PrincipalValue } from "./principal";
import { IntegerValue, PropertyValue } from "./property";

const HEADERS = "request.headers[";
const CLAIMS = "request.auth.claims[";

/** What Envoy answers as text. */
const TEXTS: string[] = [
  "source.address",
  "destination.address",
  "connection.requested_server_name",
  "connection.uri_san_peer_certificate",
  "connection.dns_san_peer_certificate",
  "connection.subject_peer_certificate",
  "connection.sha256_peer_certificate_digest",
  "connection.tls_version",
  "xds.route_name",
  "xds.cluster_name",
  "xds.virtual_host_name",
];
/** What Envoy answers as a number of 8 bytes. */
const INTEGERS: string[] = ["source.port", "destination.port", "request.size"];
/** What is a header is read as one: no call of the host, and a repeated one is seen. */
const IN_HEADERS: string[] = [
  "request.method",
  ":method",
  "request.host",
  ":authority",
  "request.scheme",
  ":scheme",
  "request.path",
  ":path",
  "request.id",
  "x-request-id",
  "request.useragent",
  "user-agent",
  "request.referer",
  "referer",
];
/** What is made of something else. */
const OTHERS: string[] = ["request.url_path", "request.query", "source.principal", "source.ip", "remote.ip"];

/** Whatever Envoy and Istio call by that name; null when it is none of ours. */
export function attributeValue(name: string): Value | null {
  if (name.startsWith(HEADERS) && name.endsWith("]")) return headerValue(name.substring(HEADERS.length, name.length - 1));
  if (name.startsWith(CLAIMS) && name.endsWith("]")) return claim(name.substring(CLAIMS.length, name.length - 1).split("]["));
  if (name == "request.url_path") return new UrlPathValue();
  if (name == "request.query") return new QueryStringValue();
  if (name == "source.principal") return new PrincipalValue();
  if (name == "source.ip" || name == "remote.ip") return new ClientIpValue();
  for (let i = 0; i < IN_HEADERS.length; i += 2) {
    if (name == IN_HEADERS[i]) return new HeaderValue(new HeaderName(IN_HEADERS[i + 1]));
  }
  if (TEXTS.includes(name)) return new PropertyValue(PropertyPath.of(name));
  if (INTEGERS.includes(name)) return new IntegerValue(PropertyPath.of(name));
  return null;
}

/** All names, for the message to who wrote another. */
export function attributeNames(): string {
  const names: string[] = [];
  for (let i = 0; i < IN_HEADERS.length; i += 2) names.push(IN_HEADERS[i]);
  const all = names.concat(OTHERS).concat(TEXTS).concat(INTEGERS);
  return all.join(", ") + ", request.headers[name] or request.auth.claims[name]";
}

function claim(names: string[]): Value | null {
  for (let i = 0; i < names.length; i++) {
    if (!isClaimName(names[i]) || names[i].includes("[") || names[i].includes("]")) return null;
  }
  return new ClaimValue(names);
}
