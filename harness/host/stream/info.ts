import type { Address } from "../../envoy/builders.ts";
import type { Route, VirtualHost } from "../router/route.ts";

/** Envoy's response flags, as bits (envoy/stream_info/stream_info.h) and as the access log writes them. */
export const Flag = {
  UpstreamRequestTimeout: [0x4, "UT"],
  UpstreamRemoteReset: [0x10, "UR"],
  UpstreamConnectionFailure: [0x20, "UF"],
  UpstreamConnectionTermination: [0x40, "UC"],
  NoHealthyUpstream: [0x2, "UH"],
  NoRouteFound: [0x100, "NR"],
  DownstreamConnectionTermination: [0x4000, "DC"],
  StreamIdleTimeout: [0x10000, "SI"],
  DownstreamProtocolError: [0x40000, "DPE"],
  UpstreamProtocolError: [0x800000, "UPE"],
  OverloadManager: [0x2000000, "OM"],
  NoClusterFound: [0x1000000, "NC"],
  UpstreamMaxStreamDurationReached: [0x80000, "UMSDR"],
} as const satisfies Record<string, readonly [number, string]>;

/** What is known of a stream beside its messages: Envoy's StreamInfo. */
export interface StreamInfo {
  /** Virtual nanoseconds since the host was opened. */
  start: number;
  end: number | undefined;
  protocol: "HTTP/1.1" | "HTTP/2";
  code: number | undefined;
  details: string | undefined;
  flags: number;
  bytesReceived: number;
  bytesSent: number;
  route: Route | undefined;
  virtualHost: VirtualHost | undefined;
  upstreamCluster: string | undefined;
  upstreamHost: Address | undefined;
  upstreamLocal: Address | undefined;
  upstreamFailure: string | undefined;
  attempts: number;
  /** Response headers from the upstream arrived, in virtual nanoseconds. */
  /** ... and its last byte. */
  upstreamLastByte: number | undefined;
  /** Filter state, by its full key; what a module sets is `wasm.<path>`. */
  filterState: Map<string, Buffer>;
  /** Dynamic metadata by namespace. */
  metadata: Record<string, Record<string, unknown>>;
}

/** Flags in the access log's letters. */
export function flagLetters(flags: number): string {
  if (flags === 0) return "-";
  const letters = Object.values(Flag).flatMap(([bit, text]) => ((flags & bit) !== 0 ? [text] : []));
  return letters.join(",");
}
