import type { ConfigObject } from "../../harness/envoy/types.ts";

const DNS_CACHE = { name: "passthrough", dns_lookup_family: "V4_ONLY" };
const TYPE = "type.googleapis.com/envoy.extensions";

/**
 * Hosts that nobody registered, where they may be called. Istio sends the connection on to where it was going; without capture that is not
 * known, so the request's host is looked up.
 */
export function passthroughCluster(): ConfigObject {
  return {
    name: "PassthroughCluster",
    alt_stat_name: "PassthroughCluster;",
    connect_timeout: "10s",
    lb_policy: "CLUSTER_PROVIDED",
    cluster_type: {
      name: "envoy.clusters.dynamic_forward_proxy",
      typed_config: { "@type": `${TYPE}.clusters.dynamic_forward_proxy.v3.ClusterConfig`, dns_cache_config: DNS_CACHE },
    },
  };
}

/** It looks hosts up for the cluster, and only for it. */
export function passthroughFilter(): ConfigObject {
  return {
    "@type": `${TYPE}.filters.http.dynamic_forward_proxy.v3.FilterConfig`,
    dns_cache_config: DNS_CACHE,
  };
}
