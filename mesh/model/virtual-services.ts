import { ORIGIN, originOf } from "../resources/origin.ts";
import { type Resource, byAge } from "../resources/resource.ts";
import type { Destination, HttpMatch, HttpRoute, StringMatch, VirtualService } from "../resources/types/index.ts";
import { inFull } from "./hosts.ts";
import { visibilityOf, visibleTo } from "./visibility.ts";

/** The gateway that stands for all sidecars. */
export const MESH = "mesh";

/** A VirtualService with hosts in full and its delegates' routes in place. */
export interface VirtualServiceEntry {
  /** As Istio calls it. */
  readonly resource: Resource<VirtualService>;
  /** What its author wrote: itself, or a route of the Gateway API. */
  readonly source: Resource<unknown>;
  readonly spec: VirtualService;
  readonly hosts: readonly string[];
  /** `mesh`, or `namespace/name`. */
  readonly gateways: readonly string[];
  /** By whose rules it is read: prefixes of the Gateway API are whole segments, for example. */
  readonly semantics: "istio" | "gateway-api";
}

/** Those with hosts, the older first, with what they delegate put in. Those without hosts are only delegates. */
export function virtualServicesOf(resources: readonly Resource<VirtualService>[]): VirtualServiceEntry[] {
  const sorted = [...resources].sort(byAge);
  const delegates = delegatesOf(sorted);
  return sorted
    .filter(({ spec }) => spec.hosts?.length)
    .map((resource) => {
      const { namespace } = resource;
      const own = resolved(withOrigins(resource), namespace);
      const http = own.http?.flatMap((route) => (route.delegate ? delegated(route, namespace, delegates) : [route]));
      return {
        resource,
        source: resource,
        spec: { ...own, ...(http ? { http } : {}) },
        hosts: (own.hosts ?? []).map((host) => inFull(host, namespace)),
        gateways: own.gateways?.length ? own.gateways : [MESH],
        semantics: "istio",
      };
    });
}

/** Each route and each of its matches knows where it was written. */
function withOrigins(resource: Resource<VirtualService>): VirtualService {
  const { spec } = resource;
  if (!spec.http) return spec;
  const http = spec.http.map((route, i) => {
    const path = ["spec", "http", i];
    const match = route.match?.map((each, j) => ({ ...each, [ORIGIN]: originOf(resource, [...path, "match", j]) }));
    return { ...route, ...(match ? { match } : {}), [ORIGIN]: originOf(resource, path) };
  });
  return { ...spec, http };
}

/** By namespace and name. */
export type Delegates = ReadonlyMap<string, Resource<VirtualService>>;

/** Those without hosts. */
export function delegatesOf(resources: readonly Resource<VirtualService>[]): Delegates {
  return new Map(resources.filter(({ spec }) => !spec.hosts?.length).map((each) => [`${each.namespace}/${each.name}`, each]));
}

/** Whom a route of a namespace delegates to; undefined for one that is not there, or that it does not see. */
export function delegateOf({ delegate }: HttpRoute, namespace: string, delegates: Delegates): Resource<VirtualService> | undefined {
  const found = delegates.get(`${delegate?.namespace || namespace}/${delegate?.name ?? ""}`);
  return found && visibleTo(visibilityOf(found.spec.exportTo, found.namespace), namespace) ? found : undefined;
}

function delegated(root: HttpRoute, namespace: string, delegates: Delegates): HttpRoute[] {
  const { delegate: _, ...rest } = root;
  const found = delegateOf(root, namespace, delegates);
  // As in Istio: without its delegate a route is none. A finding of its own says so.
  if (found === undefined) return [];
  return (resolved(withOrigins(found), found.namespace).http ?? []).flatMap((route) => {
    const match = mergedMatches(rest.match, route.match);
    if (match === undefined) return [];
    const { match: __, ...own } = route;
    const { match: ___, name: rootName, ...inherited } = rest;
    const name = own.name === undefined || own.name === "" ? rootName : rootName ? `${rootName}-${own.name}` : own.name;
    return [{ ...pick(inherited), ...own, ...(name === undefined ? {} : { name }), ...(match.length > 0 ? { match } : {}) }];
  });
}

/** What a delegate's route takes from its root's where it says nothing; where to is its own. */
const INHERITED = [
  ...["rewrite", "directResponse", "timeout", "retries", "fault", "mirror", "mirrorPercent", "mirrorPercentage", "mirrors"],
  ...["corsPolicy", "headers"],
] as const;

function pick(root: HttpRoute): Partial<HttpRoute> {
  return Object.fromEntries(INHERITED.flatMap((name) => (name in root ? [[name, root[name as keyof HttpRoute]]] : [])));
}

/** Every match of the delegate must fit into one of the root's; undefined when one does not. */
function mergedMatches(root: readonly HttpMatch[] = [], leaf: readonly HttpMatch[] = []): HttpMatch[] | undefined {
  if (root.length === 0) return [...leaf];
  if (leaf.length === 0) return [...root];
  const merged: HttpMatch[] = [];
  for (const each of leaf) {
    const fitting = root.filter((candidate) => !conflict(candidate, each));
    if (fitting.length === 0) return undefined;
    merged.push(...fitting.map((candidate) => mergedMatch(candidate, each)));
  }
  return merged;
}

function mergedMatch(root: HttpMatch, leaf: HttpMatch): HttpMatch {
  const both = (name: "headers" | "withoutHeaders" | "queryParams" | "sourceLabels") =>
    root[name] || leaf[name] ? { [name]: { ...root[name], ...leaf[name] } } : {};
  const name = leaf.name ? (root.name ? `${root.name}-${leaf.name}` : leaf.name) : root.name;
  return {
    ...root,
    ...leaf,
    ...(name === undefined ? {} : { name }),
    ...(leaf.gateways?.length ? {} : root.gateways ? { gateways: root.gateways } : {}),
    ...both("headers"),
    ...both("withoutHeaders"),
    ...both("queryParams"),
    ...both("sourceLabels"),
  };
}

function conflict(root: HttpMatch, leaf: HttpMatch): boolean {
  const texts = (["uri", "scheme", "method", "authority"] as const).some((name) => clashes(root[name], leaf[name]));
  const maps = (["headers", "withoutHeaders", "queryParams"] as const).some((name) =>
    Object.entries(leaf[name] ?? {}).some(([key, value]) => clashes(root[name]?.[key], value)),
  );
  const different = <T>(a: T | undefined, b: T | undefined) => a !== undefined && b !== undefined && a !== b;
  const labels = Object.entries(leaf.sourceLabels ?? {}).some(([key, value]) => different(root.sourceLabels?.[key], value));
  const strays = leaf.gateways?.length && root.gateways?.length && !leaf.gateways.every((each) => root.gateways?.includes(each));
  const cases = (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false);
  const namespaces = !!root.sourceNamespace && leaf.sourceNamespace !== root.sourceNamespace;
  return texts || maps || labels || cases || namespaces || !!strays || different(root.port || undefined, leaf.port || undefined);
}

/** A leaf may narrow a prefix; anything else that both say is a conflict. */
function clashes(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (root === undefined || leaf === undefined) return false;
  if ("regex" in root || "regex" in leaf) return true;
  if ("exact" in root) return !("exact" in leaf) || leaf.exact !== root.exact;
  if (!("prefix" in root)) return true;
  const own = "exact" in leaf ? leaf.exact : "prefix" in leaf ? leaf.prefix : undefined;
  return own === undefined || !own.startsWith(root.prefix);
}

/** All hosts and gateways in full. */
function resolved(spec: VirtualService, namespace: string): VirtualService {
  const to = <T extends { destination: Destination }>(each: T): T => ({ ...each, destination: host(each.destination, namespace) });
  const gateways = (names: readonly string[]) => names.map((name) => gatewayName(name, namespace));
  const matches = <T extends { gateways?: string[] }>(all: readonly T[]): T[] =>
    all.map((match) => (match.gateways ? { ...match, gateways: gateways(match.gateways) } : match));
  return {
    ...spec,
    ...(spec.gateways ? { gateways: gateways(spec.gateways) } : {}),
    ...(spec.http
      ? {
          http: spec.http.map((route) => ({
            ...route,
            ...(route.match ? { match: matches(route.match) } : {}),
            ...(route.route ? { route: route.route.map(to) } : {}),
            ...(route.mirror ? { mirror: host(route.mirror, namespace) } : {}),
            ...(route.mirrors ? { mirrors: route.mirrors.map(to) } : {}),
          })),
        }
      : {}),
    ...(spec.tcp
      ? {
          tcp: spec.tcp.map((route) => ({
            ...route,
            ...(route.match ? { match: matches(route.match) } : {}),
            ...(route.route ? { route: route.route.map(to) } : {}),
          })),
        }
      : {}),
    ...(spec.tls
      ? {
          tls: spec.tls.map((route) => ({
            ...route,
            match: matches(route.match),
            ...(route.route ? { route: route.route.map(to) } : {}),
          })),
        }
      : {}),
  };
}

/** `bookinfo` and `./bookinfo` are of the own namespace; the old form `bookinfo.default.svc.cluster.local` says its own. */
function gatewayName(name: string, namespace: string): string {
  if (name === MESH) return name;
  const slash = name.indexOf("/");
  if (slash >= 0) return name.slice(0, slash) === "." ? `${namespace}${name.slice(slash)}` : name;
  const [short = "", its] = name.split(".");
  return `${its ?? namespace}/${short}`;
}

const host = (destination: Destination, namespace: string): Destination => ({ ...destination, host: inFull(destination.host, namespace) });
