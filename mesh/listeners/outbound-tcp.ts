import { socketAddress } from "../../harness/envoy/builders.ts";
import { tlsInspector } from "../../harness/envoy/tls.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { outboundCluster } from "../model/cluster-names.ts";
import { covers } from "../model/hosts.ts";
import { selects } from "../model/labels.ts";
import { type Port, isHttp, isTls } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import { MESH, type VirtualServiceEntry } from "../model/virtual-services.ts";
import type { Workload } from "../model/workloads.ts";
import { compare } from "../resources/resource.ts";
import type { RouteDestination, TcpMatch } from "../resources/types/index.ts";
import { clusterOf } from "../routes/route.ts";
import type { OutboundScope } from "../routes/virtual-hosts.ts";
import { tcpProxy } from "./tcp.ts";

/** The name of the listener for a service's bytes: nothing in them says where they go, so each port of a service has its own. */
export const tcpListenerName = (host: string, port: number) => `${host}_${port}`;

/** The name of the listener for TLS to whatever host has this port: the server name says which. */
export const tlsListenerName = (port: number) => `0.0.0.0_${port}`;

/** What is neither HTTP nor UDP: a listener for each service's port of bytes, and one for each port that speaks TLS. */
export function outboundTcpListeners(scope: OutboundScope, taken: ReadonlySet<number>): ConfigObject[] {
  const tls = new Map<number, Service[]>();
  const listeners: ConfigObject[] = [];
  for (const service of scope.services.values()) {
    for (const port of service.ports) {
      if (isHttp(port) || port.protocol === "udp") continue;
      if (!isTls(port)) listeners.push(tcpListener(service, port, scope));
      // Istio, too, has one listener for a port, and what is there first keeps it.
      else if (!taken.has(port.number)) tls.set(port.number, [...(tls.get(port.number) ?? []), service]);
    }
  }
  const shared = [...tls].map(([port, services]) => tlsListener(port, services, scope));
  return [...listeners, ...shared].sort((a, b) => compare(String(a["name"]), String(b["name"])));
}

function tcpListener(service: Service, port: Port, scope: OutboundScope): ConfigObject {
  const to = tcpRoute(service, port, scope);
  const cluster = outboundCluster(port.number, "", service.host);
  return listener(tcpListenerName(service.host, port.number), [{ filters: [proxy(to, cluster, port, scope)] }]);
}

/** Where the first route that fits leads; without one, to the service. */
function tcpRoute({ host }: Service, port: Port, scope: OutboundScope): readonly RouteDestination[] | undefined {
  for (const { spec } of rulesFor(host, scope.virtualServices)) {
    for (const { match, route } of spec.tcp ?? []) {
      if (!route?.length) continue;
      if (!match?.length || match.some((each) => fits(each, port, scope.proxy))) return route;
    }
  }
  return undefined;
}

function tlsListener(port: number, services: readonly Service[], scope: OutboundScope): ConfigObject {
  const names = new Set<string>();
  const chains = services.flatMap((service) => {
    const own = service.ports.find(({ number }) => number === port);
    return own === undefined ? [] : tlsChains(service, own, scope);
  });
  // Two chains for a name would be none: the first has it.
  const distinct = chains.flatMap(({ hosts, filters }) => {
    const free = hosts.filter((host) => !names.has(host));
    for (const host of free) names.add(host);
    return free.length === 0 ? [] : [{ filter_chain_match: { transport_protocol: "tls", server_names: free }, filters }];
  });
  return { ...listener(tlsListenerName(port), distinct), listener_filters: [tlsInspector()] };
}

function tlsChains(service: Service, port: Port, scope: OutboundScope): { hosts: readonly string[]; filters: ConfigObject[] }[] {
  const cluster = outboundCluster(port.number, "", service.host);
  const ruled = rulesFor(service.host, scope.virtualServices).flatMap(({ spec }) =>
    (spec.tls ?? []).flatMap(({ match, route }) =>
      route?.length
        ? match
            .filter((each) => fits(each, port, scope.proxy))
            .map(({ sniHosts }) => ({ hosts: sniHosts, filters: [proxy(route, cluster, port, scope)] }))
        : [],
    ),
  );
  return ruled.length > 0 ? ruled : [{ hosts: [service.host], filters: [tcpProxy(cluster, cluster)] }];
}

const rulesFor = (host: string, all: readonly VirtualServiceEntry[]) => all.filter(({ hosts }) => hosts.some((each) => covers(each, host)));

/** Of connections, gateways and labels must both fit. */
function fits(match: TcpMatch, { number }: Port, { labels, namespace }: Pick<Workload, "labels" | "namespace">): boolean {
  if (match.gateways?.length && !match.gateways.includes(MESH)) return false;
  if (match.port && match.port !== number) return false;
  return selects(match.sourceLabels, labels) && (!match.sourceNamespace || match.sourceNamespace === namespace);
}

function proxy(to: readonly RouteDestination[] | undefined, cluster: string, { number }: Port, { reachable }: OutboundScope): ConfigObject {
  if (to === undefined) return tcpProxy(cluster, cluster);
  const context = { port: number, service: (host: string) => reachable.get(host) };
  const [first] = to;
  if (to.length === 1 && first) {
    const name = clusterOf(first.destination, context);
    return tcpProxy(name, name);
  }
  const weighted = to.flatMap(({ destination, weight = 0 }) => (weight > 0 ? [{ name: clusterOf(destination, context), weight }] : []));
  return tcpProxy(cluster, weighted);
}

function listener(name: string, filterChains: readonly ConfigObject[]): ConfigObject {
  return { name, address: socketAddress(), filter_chains: filterChains, traffic_direction: "OUTBOUND" };
}
