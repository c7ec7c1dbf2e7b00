import { fileAccessLog } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";

/** Bytes as they are. @param to a cluster, or several with their weights */
export function tcpProxy(statPrefix: string, to: string | readonly { name: string; weight: number }[]): ConfigObject {
  return {
    name: "envoy.filters.network.tcp_proxy",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
      stat_prefix: statPrefix,
      ...(typeof to === "string" ? { cluster: to } : { weighted_clusters: { clusters: to } }),
      access_log: [fileAccessLog("./access.log")],
    },
  };
}
