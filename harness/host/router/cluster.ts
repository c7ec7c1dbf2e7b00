import type { Address } from "../../envoy/builders.ts";
import { isObject } from "../../envoy/builders.ts";
import type { ConfigObject } from "../../envoy/types.ts";
import type { HostUpstream } from "./host-upstream.ts";

/** Where requests for a cluster go. */
export type Cluster =
  | { kind: "upstream"; name: string; upstream: HostUpstream }
  /** No endpoint at all: 503, and a callout is not even sent. */
  | { kind: "empty"; name: string }
  /** Every endpoint refuses. */
  | { kind: "refused"; name: string; address: Address }
  /** The circuit breaker lets nothing through. */
  | { kind: "full"; name: string };

/** A cluster of Envoy's configuration, as far as it leads to one of the four above: the process has no network. */
export function readCluster(config: ConfigObject, upstreams: ReadonlyMap<string, HostUpstream>): Cluster {
  const name = String(config["name"]);
  const upstream = upstreams.get(name);
  if (upstream) return { kind: "upstream", name, upstream };
  const addresses = addressesIn(config["load_assignment"]);
  const [address] = addresses;
  if (!address) return { kind: "empty", name };
  if (breaksAtOnce(config["circuit_breakers"])) return { kind: "full", name };
  const same = [...upstreams.values()].find((one) => one.address.port === address.port);
  return same ? { kind: "upstream", name, upstream: same } : { kind: "refused", name, address };
}

function addressesIn(assignment: unknown): Address[] {
  const endpoints = isObject(assignment) && Array.isArray(assignment["endpoints"]) ? assignment["endpoints"] : [];
  return endpoints
    .filter(isObject)
    .flatMap((locality) => (Array.isArray(locality["lb_endpoints"]) ? locality["lb_endpoints"].filter(isObject) : []))
    .map((one) => at(one, "endpoint", "address", "socket_address"))
    .filter(isObject)
    .map((socket) => ({ host: String(socket["address"]), port: Number(socket["port_value"]) }));
}

function breaksAtOnce(breakers: unknown): boolean {
  const thresholds = isObject(breakers) && Array.isArray(breakers["thresholds"]) ? breakers["thresholds"].filter(isObject) : [];
  return thresholds.some((one) => one["max_pending_requests"] === 0 || one["max_requests"] === 0);
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}
