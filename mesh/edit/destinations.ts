import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { inFull } from "../model/hosts.ts";
import type { Mesh } from "../model/mesh.ts";
import type { ServiceRoute } from "./route.ts";

/** A destination of a route, and its weight as Istio heeds it. */
export interface WeightedDestination {
  /** In full. */
  readonly host: string;
  /** Empty for the whole service. */
  readonly subset: string;
  /** Of a route's only destination 100, whatever is written. */
  readonly weight: number;
}

/** What a route's destinations get, in order. */
export function destinationsOf({ route, resource }: ServiceRoute): WeightedDestination[] {
  const all = route.route ?? [];
  return all.map(({ destination, weight = 0 }) => ({
    host: inFull(destination.host, resource.namespace),
    subset: destination.subset ?? "",
    weight: all.length === 1 ? 100 : weight,
  }));
}

/** The name of a destination among those of a route to a service: its subset, or whose it is. */
export function labelOf({ host, subset }: WeightedDestination, service: string): string {
  if (host !== service) return subset ? `${host} ${subset}` : host;
  return subset || "(no subset)";
}

/** Destinations with new weights; those at the end that the route does not have yet. */
export interface Wanted {
  readonly destinations: readonly WeightedDestination[];
  /** How many of them are there already. */
  readonly present: number;
}

/**
 * The destinations that a split asks for: named subsets get their weights, all others of the route 0.
 * @param weights by the name of the subset
 * @throws MeshscriptError MS1103 for a subset that the service does not have, MS1102 for one that the route has twice
 */
export function split(found: ServiceRoute, host: string, weights: ReadonlyMap<string, number>): Wanted {
  const present = destinationsOf(found);
  const ours = (subset: string) => present.filter((each) => each.host === host && each.subset === subset);
  for (const subset of weights.keys()) {
    if (ours(subset).length < 2) continue;
    const location = found.resource.at([...found.path, "route"], "key");
    const help = "their ports or headers differ: change the weights of this one by hand";
    throw new MeshscriptError(diagnostic("MS1102", `the route has several destinations with the subset ${subset}`, { location, help }));
  }
  const changed = present.map((each) => ({ ...each, weight: (each.host === host ? weights.get(each.subset) : undefined) ?? 0 }));
  const added = [...weights].filter(([subset]) => ours(subset).length === 0).map(([subset, weight]) => ({ host, subset, weight }));
  return { destinations: [...changed, ...added], present: present.length };
}

/**
 * Refuses names that are no subsets of a service, as callers in a namespace see them.
 * @throws MeshscriptError MS1103, with those that there are
 */
export function checkSubsets(names: Iterable<string>, host: string, mesh: Mesh, namespace: string): void {
  const service = mesh.services.find((each) => each.host === host) ?? { host, namespace: namespaceOf(host) ?? namespace };
  const rule = mesh.rule(service, { namespace, labels: {} });
  const known = (rule?.subsets ?? []).map(({ name }) => name);
  const unknown = [...names].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const location = rule?.from[0]?.at(["spec", "subsets"], "key");
  const what = `${host} has no subset ${unknown.map((name) => JSON.stringify(name)).join(", ")}`;
  const help = rule
    ? `there are: ${known.join(", ") || "none"}`
    : `write a DestinationRule with \`host: ${host}\` and a subset for each version: \`subsets: [{ name: v1, labels: { version: v1 } }]\``;
  throw new MeshscriptError(
    diagnostic("MS1103", rule ? what : `${what}: no DestinationRule has that host`, { help, ...(location ? { location } : {}) }),
  );
}

const namespaceOf = (host: string): string | undefined => /^[^.]+\.([^.]+)\.svc\./.exec(host)?.[1];
