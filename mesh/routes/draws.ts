import { isObject } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";

/** The header in which a test says which share of a split it wants. */
export const DRAW = "x-meshscript-draw";

/**
 * What the weights of a split by a header sum up to, so that whoever writes the header need not know them: Envoy takes the number in it modulo
 * their sum.
 */
export const TOTAL = 1_000_000_000;

/** The same shares of TOTAL: each ends where it ended, to a billionth. */
export function scaled(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let before = 0;
  let end = 0;
  return weights.map((weight) => {
    before += weight;
    const start = end;
    end = Math.round((before / total) * TOTAL);
    return end - start;
  });
}

/** An Envoy route whose split goes by a header instead of chance. Nobody behind the proxy sees the header. A route without a split stays as it is. */
export function splitBy(header: string, route: ConfigObject): ConfigObject {
  const action = route["route"];
  const split = isObject(action) ? action["weighted_clusters"] : undefined;
  if (!isObject(action) || !isObject(split) || split["header_name"] !== undefined) return route;
  const clusters = split["clusters"] as ConfigObject[];
  const weights = scaled(clusters.map(({ weight }) => Number(weight)));
  const removed = (route["request_headers_to_remove"] ?? []) as string[];
  return {
    ...route,
    route: {
      ...action,
      weighted_clusters: { ...split, header_name: header, clusters: clusters.map((each, i) => ({ ...each, weight: weights[i] ?? 0 })) },
    },
    request_headers_to_remove: [...removed, header],
  };
}

/** A route configuration for tests, who choose the shares. */
export function drawn(configuration: ConfigObject): ConfigObject {
  const hosts = configuration["virtual_hosts"] as ConfigObject[];
  const virtual_hosts = hosts.map((host) => ({ ...host, routes: (host["routes"] as ConfigObject[]).map((route) => splitBy(DRAW, route)) }));
  return { ...configuration, virtual_hosts, request_headers_to_remove: [DRAW] };
}

/** The header's value for a share from 0 to below 1. */
export const drawOf = (share: number): string => String(Math.min(Math.round(share * TOTAL), TOTAL - 1));
