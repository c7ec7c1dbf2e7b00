import { ORIGIN, originOf } from "../resources/origin.ts";
import type { Resource } from "../resources/resource.ts";
import type {
  BackendReference,
  GrpcRouteRule,
  HttpMatch,
  HttpRoute,
  HttpRouteDestination,
  HttpRouteRule,
  RouteDestination,
  RouteFilter,
  StreamRouteRule,
} from "../resources/types/index.ts";
import type { Backends } from "./backends.ts";
import { filtered, headersOf } from "./filters.ts";
import { grpcMatch, httpMatch } from "./matches.ts";

/** The rules of an HTTPRoute as routes of Istio's, one for each match; undefined for a route that Istio does not take at all. */
export function httpRoutes(route: Resource<unknown>, rules: readonly HttpRouteRule[] = [], backends: Backends): HttpRoute[] | undefined {
  return all(
    rules.map((rule, index) => {
      const base = routeOf(route, rule, index, backends);
      // Every rule has this match where it says none: the CRD's default.
      const matches = (rule.matches ?? [{}]).map(httpMatch);
      return base && perMatch({ ...base, ...timeout(rule.timeouts) }, rule.matches ? placed(matches, route, index) : matches);
    }),
  );
}

/** The rules of a GRPCRoute, which Istio's HTTP routes serve as well. */
export function grpcRoutes(route: Resource<unknown>, rules: readonly GrpcRouteRule[] = [], backends: Backends): HttpRoute[] | undefined {
  return all(
    rules.map((rule, index) => {
      const base = routeOf(route, rule, index, backends);
      return base && perMatch(base, placed((rule.matches ?? []).map(grpcMatch), route, index));
    }),
  );
}

/** Where connections go by the rules of a TCPRoute or a TLSRoute. */
export function streamRoutes(rules: readonly StreamRouteRule[] = [], backends: Backends): { route: RouteDestination[] }[] | undefined {
  return all(
    rules.map(({ backendRefs = [] }) => {
      if (weightOf(backendRefs) === 0) return [{ route: [NOTHING] }];
      const route = destinations(backendRefs, backends);
      return route && [{ route }];
    }),
  );
}

/** A connection has no answer to give: it goes to a cluster that is not there. As Pilot calls it. */
const NOTHING: RouteDestination = { destination: { host: "internal.cluster.local", subset: "zero-weight", port: { number: 65_535 } } };

/** Nothing, if one is nothing. */
function all<T>(lists: readonly (readonly T[] | undefined)[]): T[] | undefined {
  const known = lists.filter((list) => list !== undefined);
  return known.length === lists.length ? known.flat() : undefined;
}

const placed = (matches: readonly HttpMatch[], route: Resource<unknown>, rule: number): HttpMatch[] =>
  matches.map((match, i) => ({ ...match, [ORIGIN]: originOf(route, ["spec", "rules", rule, "matches", i]) }));

const perMatch = (route: HttpRoute, matches: readonly HttpMatch[]): HttpRoute[] =>
  matches.length === 0 ? [route] : matches.map((match) => ({ ...route, match: [match] }));

function routeOf(
  resource: Resource<unknown>,
  rule: HttpRouteRule | GrpcRouteRule,
  index: number,
  backends: Backends,
): HttpRoute | undefined {
  const made = filtered(rule.filters, backends);
  if (made === undefined) return undefined;
  const { name, namespace } = resource;
  const base = { name: rule.name ?? `${namespace}.${name}.${index}`, ...made, [ORIGIN]: originOf(resource, ["spec", "rules", index]) };
  const refs = rule.backendRefs ?? [];
  // "If all entries are invalid, and there are no filters that would send a response, it MUST be 500."
  if (weightOf(refs) === 0 && made.redirect === undefined) return { ...base, directResponse: { status: 500 } };
  const route = destinations(refs, backends);
  return route && { ...base, route };
}

const weightOf = (refs: readonly BackendReference[]) => refs.reduce((sum, { weight = 1 }) => sum + weight, 0);

function destinations(
  refs: readonly (BackendReference & { filters?: RouteFilter[] })[],
  backends: Backends,
): HttpRouteDestination[] | undefined {
  const used = refs.filter(({ weight }) => weight !== 0);
  return all(
    used.map((ref) => {
      const found = backends.destinationOf(ref);
      const headers = headersOf(ref.filters);
      const weight = used.length === 1 ? {} : { weight: ref.weight ?? 1 };
      return found && [{ destination: found.destination, ...weight, ...(headers ? { headers } : {}) }];
    }),
  );
}

/** Without retries the time for a backend is that for the whole. */
function timeout({ request, backendRequest }: NonNullable<HttpRouteRule["timeouts"]> = {}): Pick<HttpRoute, "timeout"> {
  const text = backendRequest !== undefined && !isZero(backendRequest) ? backendRequest : request;
  return text === undefined || isZero(text) ? {} : { timeout: text };
}

const isZero = (duration: string) => !/[1-9]/.test(duration);
