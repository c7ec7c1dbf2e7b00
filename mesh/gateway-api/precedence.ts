import { isObject } from "../../harness/envoy/builders.ts";
import type { HttpRoute, StringMatch } from "../resources/types/index.ts";

/**
 * Rules of several routes for a host as one list: exact paths, then prefixes, then expressions, the longer before the shorter; then a method, more
 * headers, more query parameters; then as they were. https://gateway-api.sigs.k8s.io/reference/api-spec/1.6/spec/#httprouterule
 */
export function byPrecedence(routes: readonly HttpRoute[]): HttpRoute[] {
  return [...routes].sort((a, b) => {
    const [one, other] = [rank(a), rank(b)];
    const differing = one.findIndex((value, i) => value !== other[i]);
    return differing < 0 ? 0 : (other[differing] ?? 0) - (one[differing] ?? 0);
  });
}

const PATHS = ["regex", "prefix", "exact"] as const;

/** The greater, the earlier. */
function rank({ match }: HttpRoute): number[] {
  const [first] = match ?? [];
  if (first === undefined) return [-2, 0, 0, 0, 0];
  const count = (map: object | undefined) => (isObject(map) ? Object.keys(map).length : 0);
  return [...pathRank(first.uri), first.method ? 1 : 0, count(first.headers), count(first.queryParams)];
}

function pathRank(uri: StringMatch | undefined): [kind: number, length: number] {
  const entry = Object.entries(uri ?? {})[0] as [(typeof PATHS)[number], string] | undefined;
  // As Pilot counts: bytes.
  return entry === undefined ? [-1, 0] : [PATHS.indexOf(entry[0]), Buffer.byteLength(entry[1])];
}
