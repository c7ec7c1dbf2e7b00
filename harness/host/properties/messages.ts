import type { HeaderMap } from "../stream/header-map.ts";
import type { HttpStream } from "../stream/stream.ts";
import type { View } from "./stream.ts";
import type { PropertyNode, PropertyValue } from "./value.ts";

export function requestProperty(part: string, stream: HttpStream, view: View): PropertyValue | undefined {
  const { info, host } = stream;
  const headers = view.requestHeaders;
  switch (part) {
    case "time":
      return host.clock.wall - BigInt(host.clock.elapsed) + BigInt(info.start);
    case "protocol":
      return info.protocol;
    case "size":
      return sizeOf(headers, info.bytesReceived);
    case "total_size":
      return BigInt(info.bytesReceived + (headers?.byteSize ?? 0));
    case "duration":
      return info.end === undefined ? undefined : BigInt(info.end - info.start);
    case "headers":
      return headersProperty(headers);
    case "path":
      return headers?.get(":path");
    case "url_path":
      return headers && (headers.get(":path") ?? "").replace(/[?#].*$/s, "");
    case "query":
      return headers && queryOf(headers.get(":path") ?? "");
    case "host":
      return headers?.get(":authority");
    case "scheme":
      return headers?.get(":scheme");
    case "method":
      return headers?.get(":method");
    case "referer":
      return headers?.joined("referer");
    case "useragent":
      return headers?.joined("user-agent");
    case "id":
      return headers?.joined("x-request-id");
    default:
      return undefined;
  }
}

export function responseProperty(part: string, stream: HttpStream, view: View): PropertyValue | undefined {
  const { info } = stream;
  const headers = view.responseHeaders;
  switch (part) {
    case "code":
      return info.code === undefined ? undefined : BigInt(info.code);
    case "code_details":
      return info.details;
    case "flags":
      return BigInt(info.flags);
    case "grpc_status":
      return grpcStatus(stream, view);
    case "size":
      return sizeOf(undefined, info.bytesSent);
    case "total_size":
      return BigInt(info.bytesSent + (headers?.byteSize ?? 0) + (view.responseTrailers?.byteSize ?? 0));
    case "headers":
      return headersProperty(headers);
    case "trailers":
      return headersProperty(view.responseTrailers);
    case "backend_latency":
      return info.upstreamLastByte === undefined ? undefined : BigInt(info.upstreamLastByte - info.start);
    default:
      return undefined;
  }
}

/** A map of headers: repeated ones joined, names in any case. As a whole, Envoy gives it in no order. */
function headersProperty(headers: HeaderMap | undefined): PropertyNode {
  const names = () => [...new Set(headers?.pairs().map(([name]) => name) ?? [])];
  return { get: (name) => headers?.joined(name), pairs: () => names().map((name) => [name, headers?.joined(name) ?? ""]) };
}

/** What was announced, if that is a number; else what has come. */
function sizeOf(headers: HeaderMap | undefined, bytes: number): bigint | undefined {
  const length = headers?.get("content-length");
  if (length !== undefined) return /^\d{1,15}$/.test(length) ? BigInt(length) : undefined;
  return BigInt(bytes);
}

function queryOf(path: string): string {
  const start = path.indexOf("?");
  return start < 0 ? "" : path.slice(start + 1).replace(/#.*$/s, "");
}

/** Of gRPC if there is one, else what the HTTP code stands for: 2 for a plain 200. */
function grpcStatus(stream: HttpStream, view: View): bigint | undefined {
  const given = view.responseTrailers?.get("grpc-status") ?? view.responseHeaders?.get("grpc-status");
  if (given !== undefined && /^\d+$/.test(given)) return BigInt(given);
  const { code } = stream.info;
  if (code === undefined) return undefined;
  const byCode: Record<number, bigint> = { 400: 13n, 401: 16n, 403: 7n, 404: 12n, 429: 14n, 502: 14n, 503: 14n, 504: 14n };
  return byCode[code] ?? 2n;
}
