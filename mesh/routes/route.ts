import type { ConfigObject } from "../../harness/envoy/types.ts";
import { outboundCluster, readCluster } from "../model/cluster-names.ts";
import { envoyDuration, seconds } from "../model/durations.ts";
import { selects } from "../model/labels.ts";
import type { Service } from "../model/services.ts";
import { STICKY_HEADER, type Sticky, stickyOf } from "../model/sticky.ts";
import type { VirtualServiceEntry } from "../model/virtual-services.ts";
import type { Workload } from "../model/workloads.ts";
import { ORIGIN } from "../resources/origin.ts";
import type { Resource } from "../resources/resource.ts";
import type { ConsistentHash, Destination, HttpMatch, HttpRoute, HttpRouteDestination } from "../resources/types/index.ts";
import { splitBy } from "./draws.ts";
import { type HeaderLists, headerLists, joined } from "./headers.ts";
import { isCatchAll, routeMatch } from "./match.ts";
import { cors, fault, mirror } from "./policies.ts";
import { directResponse, redirect } from "./redirect.ts";
import { retryPolicy } from "./retry.ts";

/** Of a route's metadata: what a log says by `%METADATA(ROUTE:meshscript.rule:origin)%`. */
export const RULE = "meshscript.rule";

/** For whom routes are made: a sidecar (`mesh`) or a gateway, at one port of its listeners. */
export interface RouteContext {
  readonly proxy: Pick<Workload, "labels" | "namespace">;
  readonly port: number;
  /** `mesh`, or `namespace/name` of gateways that share the port. */
  readonly gateways: ReadonlySet<string>;
  readonly tls: boolean;
  /** The service of a host, with the ports that count here. */
  service(host: string): Service | undefined;
  /** What a destination's rule says about hashing. */
  hash(destination: Destination): ConsistentHash | undefined;
}

/** Envoy's routes of a VirtualService, in its order, up to the first that catches everything. Those of other sources are left out. */
export function routesOf(entry: VirtualServiceEntry, context: RouteContext): ConfigObject[] {
  const routes: ConfigObject[] = [];
  for (const http of entry.spec.http ?? []) {
    for (const match of http.match?.length ? http.match : [undefined]) {
      if (!applies(match, context)) continue;
      const route = routeOf(http, match, entry, context);
      routes.push(route);
      if (isCatchAll(route)) return routes;
    }
    if (!http.match?.length) return routes;
  }
  return routes;
}

function applies(match: HttpMatch | undefined, { proxy, port, gateways }: RouteContext): boolean {
  if (match === undefined) return true;
  if (match.port && match.port !== port) return false;
  // As Pilot has it: where gateways are named, labels and namespace of the source do not count.
  if (match.gateways?.length) return match.gateways.some((name) => gateways.has(name));
  return selects(match.sourceLabels, proxy.labels) && (!match.sourceNamespace || match.sourceNamespace === proxy.namespace);
}

function routeOf(http: HttpRoute, match: HttpMatch | undefined, entry: VirtualServiceEntry, context: RouteContext): ConfigObject {
  const { resource } = entry;
  const bySegment = entry.semantics === "gateway-api";
  const name = match?.name ? `${http.name ?? ""}.${match.name}` : http.name;
  const own = headerLists(http.headers);
  const matched = routeMatch(match, bySegment);
  const { action, lists } = http.redirect
    ? { action: { redirect: redirect(http.redirect, context.port, context.tls) }, lists: own.lists }
    : http.directResponse
      ? { action: { direct_response: directResponse(http.directResponse) }, lists: own.lists }
      : forward(http, own, { matched, bySegment }, context);
  const filters = {
    ...(http.fault && fault(http.fault) ? { "envoy.filters.http.fault": fault(http.fault) } : {}),
    ...(http.corsPolicy ? { "envoy.filters.http.cors": cors(http.corsPolicy) } : {}),
  };
  const route = {
    ...(name ? { name } : {}),
    match: matched,
    ...(match?.statPrefix ? { stat_prefix: match.statPrefix } : {}),
    ...action,
    ...lists,
    metadata: { filter_metadata: { ...istioMetadata(resource), ...ruleMetadata(match?.[ORIGIN] ?? http[ORIGIN]) } },
    decorator: { operation: operation(action, matched, resource.name, context.port) },
    ...(Object.keys(filters).length > 0 ? { typed_per_filter_config: filters } : {}),
  };
  const sticky = stickyOf(entry.source);
  return sticky ? stuck(route, sticky) : route;
}

/** A split goes by the number that the canary filter gives a user; the route says whose. */
function stuck(route: ConfigObject & { metadata: { filter_metadata: ConfigObject } }, { name }: Sticky): ConfigObject {
  const split = splitBy(STICKY_HEADER, route);
  if (split === route) return route;
  return { ...split, metadata: { filter_metadata: { ...route.metadata.filter_metadata, "meshscript.canary": { split: name } } } };
}

/** Where Istio's tools find the resource that a part of the configuration is of. */
const istioMetadata = ({ group, namespace, name }: Resource<unknown>) => ({
  istio: { config: `/apis/${group}/v1/namespaces/${namespace}/virtual-service/${name}` },
});

/** Where `explain` finds the rule. */
const ruleMetadata = (origin: string | undefined) => (origin === undefined ? {} : { [RULE]: { origin } });

function forward(
  http: HttpRoute,
  own: { lists: HeaderLists; authority?: string },
  { matched, bySegment }: { matched: ConfigObject; bySegment: boolean },
  context: RouteContext,
): { action: ConfigObject; lists: HeaderLists } {
  const destinations = http.route ?? [];
  const single = destinations.length === 1 ? destinations[0] : undefined;
  const rewritten = http.rewrite?.authority || own.authority;
  const target = single ? one(single, rewritten, context) : weighted(destinations, context);
  const hashed = destinations.filter((each) => single || each.weight).flatMap((each) => hashPolicy(context.hash(each.destination)));
  const mirrors = [
    ...(http.mirror ? [mirror(clusterOf(http.mirror, context), http.mirrorPercentage ?? http.mirrorPercent ?? http.mirror_percent)] : []),
    ...(http.mirrors ?? []).map(({ destination, percentage }) => mirror(clusterOf(destination, context), percentage)),
  ].filter((each) => each !== undefined);
  const retries = retryPolicy(http.retries, single !== undefined && context.hash(single.destination) !== undefined);
  const authority = rewritten ?? target.authority;
  return {
    lists: joined(own.lists, target.lists),
    action: {
      route: {
        ...target.cluster,
        ...timeouts(http.timeout),
        // The Gateway API has it so for a backend that is not there.
        ...(bySegment ? { cluster_not_found_response_code: "INTERNAL_SERVER_ERROR" } : {}),
        ...rewrite(http.rewrite, matched, bySegment),
        ...(authority ? { host_rewrite_literal: authority } : {}),
        ...(mirrors.length > 0 ? { request_mirror_policies: mirrors } : {}),
        ...(hashed.length > 0 ? { hash_policy: hashed } : {}),
        ...(retries ? { retry_policy: retries } : {}),
      },
    },
  };
}

function rewrite({ uriRegexRewrite, uri }: HttpRoute["rewrite"] & {} = {}, matched: ConfigObject, bySegment: boolean): ConfigObject {
  if (uriRegexRewrite) return { regex_rewrite: { pattern: { regex: uriRegexRewrite.match }, substitution: uriRegexRewrite.rewrite } };
  // A prefix that is taken away must leave one slash, and `/` put in its place would leave two.
  if (bySegment && uri === "/") {
    const prefix = String(matched["path_separated_prefix"] ?? "").replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");
    return { regex_rewrite: { pattern: { regex: `^${prefix}(/?)(.*)` }, substitution: "/\\2" } };
  }
  return uri ? { prefix_rewrite: uri } : {};
}

interface Target {
  cluster: ConfigObject;
  lists: HeaderLists;
  authority?: string;
}

function one({ destination, headers }: HttpRouteDestination, rewritten: string | undefined, context: RouteContext): Target {
  const { lists, authority } = headerLists(headers);
  return {
    cluster: { cluster: clusterOf(destination, context) },
    lists,
    ...(authority && !rewritten ? { authority } : {}),
  };
}

function weighted(destinations: readonly HttpRouteDestination[], context: RouteContext): Target {
  const clusters = destinations
    .filter(({ weight }) => weight)
    .map(({ destination, weight, headers }) => {
      const { lists, authority } = headerLists(headers);
      return { name: clusterOf(destination, context), weight, ...lists, ...(authority ? { host_rewrite_literal: authority } : {}) };
    });
  return { cluster: { weighted_clusters: { clusters } }, lists: {} };
}

/** Without a port: the service's only one, or the listener's. */
export function clusterOf(
  { host, port, subset }: Destination,
  { service, port: listener }: Pick<RouteContext, "service" | "port">,
): string {
  // Pilot's name for what a route of the Gateway API may not refer to: a cluster that nobody has.
  if (host === "") return "UnknownService";
  const found = service(host);
  const only = found?.ports.length === 1 ? found.ports[0]?.number : undefined;
  return outboundCluster(port?.number ?? only ?? listener, subset ?? "", host);
}

/** Istio sets none where nothing is said; the same limits what `grpc-timeout` may ask for. */
function timeouts(timeout: string | undefined): ConfigObject {
  const value = timeout === undefined || seconds(timeout) === 0 ? "0s" : envoyDuration(timeout);
  return { timeout: value, max_grpc_timeout: value };
}

function hashPolicy(hash: ConsistentHash | undefined): ConfigObject[] {
  if (hash?.httpHeaderName !== undefined) return [{ header: { header_name: hash.httpHeaderName } }];
  if (hash?.httpCookie) {
    const { name, ttl, path, attributes } = hash.httpCookie;
    const life = ttl === undefined ? {} : { ttl: envoyDuration(ttl) };
    return [{ cookie: { name, ...life, ...(path ? { path } : {}), ...(attributes?.length ? { attributes } : {}) } }];
  }
  if (hash?.useSourceIp !== undefined) return [{ connection_properties: { source_ip: hash.useSourceIp } }];
  if (hash?.httpQueryParameterName !== undefined) return [{ query_parameter: { name: hash.httpQueryParameterName } }];
  return [];
}

/** What a span of this route is called. */
function operation(action: ConfigObject, match: ConfigObject, name: string, port: number): string {
  const regex = match["safe_regex"] as ConfigObject | undefined;
  const path = match["prefix"] === undefined ? (match["path"] ?? regex?.["regex"] ?? "/*") : `${String(match["prefix"])}*`;
  const cluster = (action["route"] as ConfigObject | undefined)?.["cluster"];
  const to = typeof cluster === "string" ? readCluster(cluster) : undefined;
  return to ? `${to.host}:${to.port}${String(path)}` : `${name}:${port}${String(path)}`;
}

/** The route of a service that no VirtualService speaks of. */
export function defaultRoute(host: string, port: number, hash: ConsistentHash | undefined): ConfigObject {
  const hashed = hashPolicy(hash);
  return {
    name: "default",
    match: { prefix: "/" },
    route: {
      cluster: outboundCluster(port, "", host),
      ...timeouts(undefined),
      ...(hashed.length > 0 ? { hash_policy: hashed } : {}),
      retry_policy: retryPolicy(undefined, false),
    },
    decorator: { operation: `${host}:${port}/*` },
  };
}
