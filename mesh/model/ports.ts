/** What a port speaks, by Kubernetes' `appProtocol` or the first part of its name. https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/ */
export type Protocol = "http" | "http2" | "grpc" | "grpc-web" | "https" | "tls" | "tcp" | "udp" | "mongo" | "mysql" | "redis" | "unknown";

export interface Port {
  number: number;
  name: string;
  protocol: Protocol;
  /** Where the workload listens: a number, or the name of a container's port [the same number]. */
  target: number | string;
}

const KNOWN = new Map<string, Protocol>([
  ["http", "http"],
  ["http1", "http"],
  ["http_proxy", "http"],
  ["http2", "http2"],
  ["h2c", "http2"],
  ["kubernetes.io/h2c", "http2"],
  ["kubernetes.io/ws", "http"],
  ["kubernetes.io/wss", "https"],
  ["grpc", "grpc"],
  ["grpc-web", "grpc-web"],
  ["https", "https"],
  ["tls", "tls"],
  ["tcp", "tcp"],
  ["udp", "udp"],
  ["mongo", "mongo"],
  ["mysql", "mysql"],
  ["redis", "redis"],
]);

/** `http2-admin` is http2; a name that says nothing is unknown. */
export function protocolOf({ name = "", appProtocol, protocol }: { name?: string; appProtocol?: string; protocol?: string }): Protocol {
  if (protocol?.toUpperCase() === "UDP") return "udp";
  if (appProtocol !== undefined && appProtocol !== "") return KNOWN.get(appProtocol.toLowerCase()) ?? "unknown";
  const lower = name.toLowerCase();
  if (lower.startsWith("grpc-web")) return "grpc-web";
  return KNOWN.get(lower.split("-")[0] ?? "") ?? "unknown";
}

/** In a ServiceEntry or a Gateway the protocol is a word of its own: `HTTP`, `GRPC`, `TLS`. */
export function namedProtocol(word: string | undefined): Protocol {
  return KNOWN.get((word ?? "").toLowerCase()) ?? "unknown";
}

/** Routed by requests. Istio looks at the first bytes where the protocol is unknown; we take it for HTTP. */
export const isHttp = ({ protocol }: { protocol: Protocol }) => HTTP.has(protocol) || protocol === "unknown";
export const isHttp2 = ({ protocol }: { protocol: Protocol }) => protocol === "http2" || protocol === "grpc" || protocol === "grpc-web";
export const isTls = ({ protocol }: { protocol: Protocol }) => protocol === "https" || protocol === "tls";

const HTTP = new Set<Protocol>(["http", "http2", "grpc", "grpc-web"]);
