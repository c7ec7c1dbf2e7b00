import { socketAddress } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { isWildcard } from "../model/hosts.ts";
import { type Labels, selects } from "../model/labels.ts";
import type { Port } from "../model/ports.ts";
import type { Service } from "../model/services.ts";

/** Where a service is asked for by name: at its endpoints' addresses, or at its own. None for what has neither. */
export function dnsEndpoints({ host, entry }: Service, port: Port, labels: Labels | undefined): ConfigObject[] {
  if (!entry?.endpoints?.length) {
    if (isWildcard(host) || Object.keys(labels ?? {}).length > 0) return [];
    return [locality([endpoint(host, Number(port.target), 1)], 1)];
  }
  const fitting = entry.endpoints.filter((each) => selects(labels, each.labels ?? {}));
  if (fitting.length === 0) return [];
  const all = fitting.map(({ address = "", ports, weight }) => endpoint(address, ports?.[port.name] ?? Number(port.target), weight || 1));
  return [
    locality(
      all,
      fitting.reduce((sum, { weight }) => sum + (weight || 1), 0),
    ),
  ];
}

function endpoint(host: string, port: number, weight: number): ConfigObject {
  return { endpoint: { address: socketAddress({ host, port }) }, load_balancing_weight: weight };
}

const locality = (endpoints: ConfigObject[], weight: number): ConfigObject => ({
  locality: {},
  lb_endpoints: endpoints,
  load_balancing_weight: weight,
});
