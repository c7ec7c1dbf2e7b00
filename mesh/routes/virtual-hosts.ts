import type { ConfigObject } from "../../harness/envoy/types.ts";
import { isWildcard, namesFor, narrowest, overlap } from "../model/hosts.ts";
import { isHttp } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import type { VirtualServiceEntry } from "../model/virtual-services.ts";
import type { Workload } from "../model/workloads.ts";
import { compare } from "../resources/resource.ts";
import type { ConsistentHash, Destination } from "../resources/types/index.ts";
import { defaultRoute, routesOf } from "./route.ts";

/** What a sidecar can see. */
export interface OutboundScope {
  readonly proxy: Pick<Workload, "labels" | "namespace">;
  /** By host; of two for the same host, the one that counts. */
  readonly services: ReadonlyMap<string, Service>;
  /** These, and those that only a VirtualService leads to. */
  readonly reachable: ReadonlyMap<string, Service>;
  /** Those for the mesh that it sees, in order. */
  readonly virtualServices: readonly VirtualServiceEntry[];
  hash(destination: Destination): ConsistentHash | undefined;
  /** Hosts that nobody knows are called where they are [true]. */
  readonly allowAny: boolean;
}

/** Envoy's RouteConfiguration of all that a sidecar can reach at a port. */
export function outboundRoutes(scope: OutboundScope, port: number): ConfigObject {
  return routeConfiguration(String(port), [...virtualHostsAt(scope, port), catchAll(scope.allowAny)]);
}

/** The same for a client that speaks to an HTTP proxy: all ports, and names with their port. */
export function proxyRoutes(scope: OutboundScope, ports: readonly number[]): ConfigObject {
  const hosts = ports.flatMap((port) =>
    virtualHostsAt(scope, port).map((host) => ({
      ...host,
      domains: (host["domains"] as string[]).flatMap((domain) => {
        if (domain.includes(":") || domain === "*") return [domain];
        return port === 80 ? [domain, `${domain}:80`] : [`${domain}:${port}`];
      }),
    })),
  );
  return { ...routeConfiguration("http_proxy", [...hosts, catchAll(scope.allowAny)]), ignore_port_in_host_matching: false };
}

/** The routes of one service at a port, for requests that need not name it. */
export function serviceRoutes(scope: OutboundScope, host: string, port: number): ConfigObject {
  const name = `${host}:${port}`;
  const own = virtualHostsAt(scope, port).find((each) => each["name"] === name);
  return routeConfiguration(name, own ? [{ ...own, domains: ["*"] }] : []);
}

export function routeConfiguration(name: string, virtualHosts: readonly ConfigObject[]): ConfigObject {
  return {
    name,
    virtual_hosts: virtualHosts,
    validate_clusters: false,
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  };
}

/** Of a port, without the catch-all, by name. The first that claims a domain has it. */
function virtualHostsAt(scope: OutboundScope, port: number): ConfigObject[] {
  const here = new Map([...scope.services].flatMap(([host, service]) => atPort(host, service, port)));
  const taken = new Set<string>();
  const names = new Set<string>();
  const known = new Set(here.keys());
  const made: ConfigObject[] = [];
  const add = (host: string, domains: readonly string[], routes: readonly ConfigObject[]) => {
    const name = `${host}:${port}`;
    if (names.has(name)) return;
    names.add(name);
    const free = domains.filter((domain) => !taken.has(domain) && (domain === host || !known.has(domain)));
    for (const domain of free) taken.add(domain);
    if (free.length > 0) made.push({ name, domains: free, routes, include_request_attempt_count: true });
  };

  const context = {
    proxy: scope.proxy,
    port,
    gateways: new Set(["mesh"]),
    tls: false,
    service: (host: string) => here.get(host),
    hash: scope.hash,
  };
  const ruled = new Set<string>();
  for (const entry of scope.virtualServices) {
    const { services: all, strangers } = hostsOf(entry, here, scope.virtualServices);
    const services = all.filter((service) => mayRoute(entry, service, scope.proxy.namespace));
    if (entry.semantics === "gateway-api" && services.length === 0) continue;
    // At port 80 a host may be one that nobody registered.
    if (services.length === 0 && port !== 80) continue;
    const routes = routesOf(entry, context);
    if (routes.length === 0) continue;
    if (!services.some((service) => isHttp(onlyPort(service))) && (services.length > 0 || port !== 80)) continue;
    for (const host of strangers) add(host, [host], routes);
    for (const service of services) {
      ruled.add(service.host);
      add(service.host, domainsOf(service, scope.proxy.namespace), routes);
    }
  }
  for (const service of here.values()) {
    if (ruled.has(service.host) || !isHttp(onlyPort(service))) continue;
    const hash = scope.hash({ host: service.host, port: { number: port } });
    add(service.host, domainsOf(service, scope.proxy.namespace), [defaultRoute(service.host, port, hash)]);
  }
  return made.sort((a, b) => compare(String(a["name"]), String(b["name"])));
}

/**
 * A route of the Gateway API is its author's: of the service's namespace for everybody, of another for clients of that namespace.
 * https://gateway-api.sigs.k8s.io/mesh/#how-the-gateway-api-works-for-service-mesh
 */
function mayRoute({ semantics, resource }: VirtualServiceEntry, service: Service, client: string): boolean {
  return semantics === "istio" || resource.namespace === service.namespace || resource.namespace === client;
}

function atPort(host: string, service: Service, port: number): [string, Service][] {
  const found = service.ports.find(({ number }) => number === port);
  return found ? [[host, { ...service, ports: [found] }]] : [];
}

const onlyPort = ({ ports: [port] }: Service) => port ?? { protocol: "tcp" as const };

/** The services that a VirtualService speaks of, and its hosts that are none. A service belongs to the narrowest host that covers it. */
function hostsOf(entry: VirtualServiceEntry, here: ReadonlyMap<string, Service>, all: readonly VirtualServiceEntry[]) {
  const services: Service[] = [];
  const strangers: string[] = [];
  for (const host of entry.hosts) {
    const exact = here.get(host);
    if (!isWildcard(host) || entry.semantics === "gateway-api") {
      if (exact) services.push(exact);
      else strangers.push(host);
    } else {
      // A service may be a pattern, too.
      const covered = [...here.values()].filter((service) => overlap(host, service.host));
      const own = covered.filter((service) => ownerOf(service.host, all) === entry);
      services.push(...own.filter((service) => !services.includes(service)));
      if (covered.length === 0) strangers.push(host);
    }
  }
  return { services, strangers };
}

/** Whose routes a service gets: of the narrowest host, and of two with the same the first. */
export function ownerOf(host: string, all: readonly VirtualServiceEntry[]): VirtualServiceEntry | undefined {
  const best = narrowest(
    host,
    all.flatMap(({ hosts }) => hosts),
  );
  return best === undefined ? undefined : all.find(({ hosts }) => hosts.includes(best));
}

function domainsOf(service: Service, clientNamespace: string): string[] {
  const addresses = service.addresses.filter((address) => address !== "0.0.0.0" && !address.includes("/"));
  const names = namesFor(service.host, clientNamespace);
  // A client of a headless service may call one of its Pods by name.
  return [...names, ...(service.headless ? names.map((name) => `*.${name}`) : []), ...addresses];
}

function catchAll(allowAny: boolean): ConfigObject {
  const name = allowAny ? "allow_any" : "block_all";
  const action = allowAny
    ? { route: { cluster: "PassthroughCluster", timeout: "0s", max_grpc_timeout: "0s" } }
    : { direct_response: { status: 502 } };
  return { name, domains: ["*"], routes: [{ name, match: { prefix: "/" }, ...action }], include_request_attempt_count: true };
}
