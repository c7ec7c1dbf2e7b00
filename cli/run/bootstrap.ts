import { isIP } from "node:net";
import { type Address, type ConfigObject, bootstrap, cluster, httpListener, route, routerFilter } from "../../harness/index.ts";

export interface FilterChain {
  /** In order: the name under which a filter leaves its decision in filter state, and its entry of `http_filters`. */
  filters: readonly { name: string; entry: ConfigObject }[];
  upstream?: Address;
  port: number;
  accessLog: string;
}

/** A whole Envoy for `meshscript run --filter`: one listener on loopback, the filters, one upstream or an answer of Envoy's own. */
export function filterBootstrap({ filters, upstream, port, accessLog }: FilterChain): ConfigObject {
  const fields = Object.fromEntries(filters.map(({ name }) => [name, `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%`]));
  const answer = { status: 200, body: { inline_string: "no --upstream: Envoy answered by itself\n" } };
  const listener = httpListener({
    address: { host: "127.0.0.1", port },
    httpConnectionManager: {
      http_filters: [...filters.map(({ entry }) => entry), routerFilter()],
    },
    routes: upstream ? [route("upstream")] : [{ match: { prefix: "/" }, direct_response: answer }],
    accessLog: { path: accessLog, fields },
  });
  return bootstrap({
    listeners: [listener],
    clusters: upstream ? [upstreamCluster(upstream)] : [],
    bootstrap: { overload_manager: connectionLimit },
  });
}

function upstreamCluster(address: Address): ConfigObject {
  const options = { name: "upstream", endpoints: [address] };
  // A name is resolved by Envoy, and again when its time to live is over.
  return cluster(isIP(address.host) ? options : { ...options, cluster: { type: "STRICT_DNS" } });
}

/** Without a limit Envoy warns at every start. */
const connectionLimit: ConfigObject = {
  resource_monitors: [
    {
      name: "envoy.resource_monitors.global_downstream_max_connections",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections: 10_000,
      },
    },
  ],
};
