import type { Address } from "../../envoy/builders.ts";
import type { Connection, HttpStream } from "../stream/stream.ts";
import type { PropertyValue } from "./value.ts";

export function sourceProperty(part: string, stream: HttpStream): PropertyValue | undefined {
  return addressPart(part, stream.connection.remote);
}

export function destinationProperty(part: string, stream: HttpStream): PropertyValue | undefined {
  return addressPart(part, stream.connection.local);
}

export function addressPart(part: string, { host, port }: Address): PropertyValue | undefined {
  if (part === "address") return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return part === "port" ? BigInt(port) : undefined;
}

export function connectionProperty(part: string, { id, tls }: Connection): PropertyValue | undefined {
  switch (part) {
    case "id":
      return BigInt(id);
    case "mtls":
      return tls?.mutual ?? false;
    case "requested_server_name":
      return tls?.serverName ?? "";
    case "tls_version":
      return tls?.version;
    case "uri_san_peer_certificate":
      return nonEmpty(tls?.peer?.uriSans[0]);
    case "uri_san_local_certificate":
      return nonEmpty(tls?.local?.uriSans[0]);
    case "dns_san_peer_certificate":
      return nonEmpty(tls?.peer?.dnsSans[0]);
    case "dns_san_local_certificate":
      return nonEmpty(tls?.local?.dnsSans[0]);
    // TLS without a client certificate: an empty subject, not none (envoy-1.40-verified, 6).
    case "subject_peer_certificate":
      return tls && (tls.peer?.subject ?? "");
    case "subject_local_certificate":
      return tls && (tls.local?.subject ?? "");
    case "sha256_peer_certificate_digest":
      return nonEmpty(tls?.peer?.sha256);
    default:
      return undefined;
  }
}

export function upstreamProperty(part: string, { info }: HttpStream): PropertyValue | undefined {
  if (part === "request_attempt_count") return BigInt(info.attempts);
  if (info.upstreamHost === undefined) return undefined;
  switch (part) {
    case "address":
      return `${info.upstreamHost.host}:${info.upstreamHost.port}`;
    case "port":
      return BigInt(info.upstreamHost.port);
    case "local_address":
      return info.upstreamLocal && `${info.upstreamLocal.host}:${info.upstreamLocal.port}`;
    case "transport_failure_reason":
      return info.upstreamFailure ?? "";
    case "cx_pool_ready_duration":
      return 0n;
    default:
      return undefined;
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
