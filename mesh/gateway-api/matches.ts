import type { GrpcRouteMatch, HttpMatch, HttpRouteMatch, NamedMatch, StringMatch } from "../resources/types/index.ts";

/** What the CRD makes of a match without a path. */
const EVERYWHERE: NonNullable<HttpRouteMatch["path"]> = { type: "PathPrefix", value: "/" };

/** An HTTPRouteMatch as Istio's. https://gateway-api.sigs.k8s.io/reference/api-spec/1.6/spec/#httproutematch */
export function httpMatch({ path = EVERYWHERE, headers, queryParams, method }: HttpRouteMatch): HttpMatch {
  return {
    uri: pathMatch(path),
    ...named("headers", headers),
    ...named("queryParams", queryParams),
    ...(method === undefined ? {} : { method: { exact: method } }),
  };
}

function pathMatch({ type = "PathPrefix", value = "/" }: NonNullable<HttpRouteMatch["path"]>): StringMatch {
  if (type === "Exact") return { exact: value };
  if (type === "RegularExpression") return { regex: value };
  // "A trailing / is ignored."
  return { prefix: value === "/" ? value : value.replace(/\/$/, "") };
}

/** A GRPCRouteMatch as Istio's: gRPC's path is `/<service>/<method>`. */
export function grpcMatch({ method: called, headers }: GrpcRouteMatch): HttpMatch {
  return { ...(called ? { uri: grpcPath(called) } : {}), ...named("headers", headers) };
}

function grpcPath({ type = "Exact", service, method }: NonNullable<GrpcRouteMatch["method"]>): StringMatch {
  if (type === "Exact" && service !== undefined)
    return method === undefined ? { prefix: `/${service}/` } : { exact: `/${service}/${method}` };
  return { regex: `/${service ?? "[^/]+"}/${method ?? ".+"}` };
}

/** Of headers and query parameters; of two with a name the last counts. */
function named(field: "headers" | "queryParams", matches: readonly NamedMatch[] = []): Partial<HttpMatch> {
  if (matches.length === 0) return {};
  const texts = matches.map(({ type, name, value }) => [name, type === "RegularExpression" ? { regex: value } : { exact: value }]);
  return { [field]: Object.fromEntries(texts) as Record<string, StringMatch> };
}
