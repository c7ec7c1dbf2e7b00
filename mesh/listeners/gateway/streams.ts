import type { ConfigObject } from "../../../harness/envoy/types.ts";
import { overlap } from "../../model/hosts.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { VirtualServiceEntry } from "../../model/virtual-services.ts";
import type { Workload } from "../../model/workloads.ts";
import type { RouteDestination, TcpMatch } from "../../resources/types/index.ts";
import { clusterOf } from "../../routes/route.ts";
import { tcpProxy } from "../tcp.ts";
import { downstreamTls } from "./credentials.ts";
import { type Server, hostPart, serverNames } from "./servers.ts";

/**
 * The filter chains of a server that passes bytes on: as they are, out of TLS that ends here, or with the TLS that they are in.
 * @param names server names that chains of the listener have; those of these chains are added
 */
export function streamChains(server: Server, workload: Workload, mesh: Mesh, names: Set<string>): ConfigObject[] {
  const entries = mesh.virtualServicesFor(server.gateway, workload).filter((entry) => isFor(entry, server));
  if (server.kind === "passthrough") return passedOn(server, entries, workload, mesh, names);
  const to = firstRoute(server, entries);
  if (to === undefined) return [];
  const match = server.tls ? serverNames(server.hosts) : {};
  return [
    {
      ...(match.server_names ? { filter_chain_match: match } : {}),
      filters: [proxy(to.route, to.entry, server, workload, mesh)],
      ...(server.tls ? { transport_socket: downstreamTls(server) } : {}),
    },
  ];
}

/** By hosts of the server's that are of all namespaces or of the entry's. */
function isFor({ resource, hosts }: VirtualServiceEntry, server: Server): boolean {
  const own = server.hosts.filter((host) => !host.includes("/") || host.startsWith(`${resource.namespace}/`)).map(hostPart);
  return own.some((host) => hosts.some((each) => overlap(host, each)));
}

/** Where the first route that fits leads; of the Gateway API, TLS that ends here is routed by routes for TLS, too. */
function firstRoute(server: Server, entries: readonly VirtualServiceEntry[]) {
  for (const entry of entries) {
    const { tcp = [], tls = [] } = entry.spec;
    const plain = tcp.find(({ match, route }) => route?.length && (!match?.length || match.some((each) => fits(each, server))));
    if (plain?.route) return { entry, route: plain.route };
    const secure = entry.semantics === "gateway-api" ? tls.find(({ match }) => match.some((each) => fits(each, server))) : undefined;
    if (secure?.route) return { entry, route: secure.route };
  }
  return undefined;
}

function passedOn(
  server: Server,
  entries: readonly VirtualServiceEntry[],
  workload: Workload,
  mesh: Mesh,
  names: Set<string>,
): ConfigObject[] {
  return entries.flatMap((entry) =>
    (entry.spec.tls ?? []).flatMap(({ match, route }) =>
      match.flatMap((each) => {
        // Two chains for a name would be none: the first has it.
        if (!route?.length || !fits(each, server) || each.sniHosts.some((host) => names.has(host))) return [];
        for (const host of each.sniHosts) names.add(host);
        const sni = serverNames(each.sniHosts);
        return [{ ...(sni.server_names ? { filter_chain_match: sni } : {}), filters: [proxy(route, entry, server, workload, mesh)] }];
      }),
    ),
  );
}

const fits = ({ port, gateways }: TcpMatch, server: Server) =>
  (!port || port === server.port.number) && (!gateways?.length || gateways.includes(server.gateway));

function proxy(
  routes: readonly RouteDestination[],
  { resource }: VirtualServiceEntry,
  { port }: Server,
  workload: Workload,
  mesh: Mesh,
): ConfigObject {
  const { services } = mesh.scope(workload);
  const context = { port: port.number, service: (host: string) => services.get(host) };
  const [first] = routes;
  if (routes.length === 1 && first) {
    const cluster = clusterOf(first.destination, context);
    return tcpProxy(cluster, cluster);
  }
  const weighted = routes.flatMap(({ destination, weight = 0 }) => (weight > 0 ? [{ name: clusterOf(destination, context), weight }] : []));
  return tcpProxy(`${resource.name}.${resource.namespace}`, weighted);
}
