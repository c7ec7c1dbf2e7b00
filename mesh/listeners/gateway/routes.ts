import type { ConfigObject } from "../../../harness/envoy/types.ts";
import { isWildcard, narrower, overlap } from "../../model/hosts.ts";
import type { Mesh } from "../../model/mesh.ts";
import type { VirtualServiceEntry } from "../../model/virtual-services.ts";
import { visibleTo } from "../../model/visibility.ts";
import type { Workload } from "../../model/workloads.ts";
import { compare } from "../../resources/resource.ts";
import { isCatchAll } from "../../routes/match.ts";
import { routesOf } from "../../routes/route.ts";
import { routeConfiguration } from "../../routes/virtual-hosts.ts";
import { type Server, hostPart } from "./servers.ts";

/** Envoy's RouteConfiguration of servers that share one. */
export function gatewayRoutes(name: string, servers: readonly Server[], workload: Workload, mesh: Mesh): ConfigObject {
  const scope = mesh.scope(workload);
  const hosts = new Map<string, { routes: ConfigObject[]; tls: boolean; port: number }>();
  const hostOf = (host: string, port: number) => {
    const found = hosts.get(host) ?? { routes: [], tls: false, port };
    hosts.set(host, found);
    return found;
  };
  const made = new Map<string, ConfigObject[]>();
  for (const server of servers) {
    const { gateway, port } = server;
    for (const entry of mesh.virtualServicesFor(gateway, workload)) {
      const shared = sharedHosts(server, entry);
      if (shared.length === 0) continue;
      const context = {
        proxy: workload,
        port: port.number,
        gateways: new Set([gateway]),
        tls: server.tls !== undefined,
        service: (host: string) => serviceFor(host, entry, workload, mesh) ?? scope.services.get(host),
        hash: scope.hash,
      };
      // As in Pilot, those that are made for a gateway's first server with a route configuration are those of the others.
      const key = `${gateway} ${entry.resource.namespace}/${entry.resource.name}`;
      const routes = made.get(key) ?? routesOf(entry, context);
      made.set(key, routes);
      if (routes.length === 0) continue;
      for (const host of shared) {
        const one = hostOf(host, port.number);
        one.routes.push(...routes);
        if (server.tls?.httpsRedirect) one.tls = true;
      }
    }
    if (!server.tls?.httpsRedirect) continue;
    for (const host of server.hosts) hostOf(hostPart(host), port.number).tls = true;
  }
  const virtualHosts = collapsed(hosts).map(({ domains, routes, tls, port }) => ({
    name: `${domains[0]}:${port}`,
    domains,
    // Several VirtualServices may speak of a host: what catches all goes behind the others.
    routes: [...routes.filter((route) => !isCatchAll(route)), ...routes.filter(isCatchAll)],
    include_request_attempt_count: true,
    ...(tls ? { require_tls: "ALL" } : {}),
  }));
  const port = servers[0]?.port.number ?? 0;
  const none = { name: `blackhole:${port}`, domains: ["*"], routes: [] };
  return routeConfiguration(name, virtualHosts.length > 0 ? virtualHosts.sort((a, b) => compare(a.name, b.name)) : [none]);
}

/** Of two services with a host, a VirtualService means that of its own namespace, if the gateway sees it. */
function serviceFor(host: string, { resource }: VirtualServiceEntry, { namespace }: Workload, mesh: Mesh) {
  return mesh.services.find((each) => each.host === host && each.namespace === resource.namespace && visibleTo(each.visibility, namespace));
}

/** Hosts with the same routes are one virtual host, called as the first: whole names before patterns, and the longer before the shorter. */
function collapsed(hosts: ReadonlyMap<string, { routes: ConfigObject[]; tls: boolean; port: number }>) {
  const groups: { domains: string[]; routes: ConfigObject[]; tls: boolean; port: number }[] = [];
  const sorted = [...hosts].sort(([a], [b]) => Number(isWildcard(a)) - Number(isWildcard(b)) || b.length - a.length || compare(a, b));
  for (const [host, each] of sorted) {
    const same = groups.find(({ routes, tls }) => tls === each.tls && sameList(routes, each.routes));
    if (same) same.domains.push(host);
    else groups.push({ ...each, domains: [host] });
  }
  return groups;
}

const sameList = (a: readonly ConfigObject[], b: readonly ConfigObject[]) => a.length === b.length && a.every((each, i) => each === b[i]);

/** Hosts that both have; of a pattern and one that it covers, the narrower. */
function sharedHosts({ hosts }: Server, entry: VirtualServiceEntry): string[] {
  const own = hosts.filter((host) => !host.includes("/") || host.startsWith(`${entry.resource.namespace}/`)).map(hostPart);
  const shared = own.flatMap((server) => entry.hosts.filter((host) => overlap(server, host)).map((host) => narrower(server, host)));
  return [...new Set(shared)];
}
