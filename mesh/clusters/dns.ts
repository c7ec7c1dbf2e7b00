import { socketAddress } from "../../harness/envoy/builders.ts";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { isWildcard } from "../model/hosts.ts";
import { type Labels, selects } from "../model/labels.ts";
import type { Port } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import { type WantedEndpoints, listedMember, localityGroup } from "./endpoints.ts";
import { type Member, balanced, grouped } from "./localities.ts";
import { type Balancing, isSaid } from "./locality-balancing.ts";

/** Where a service is asked for by name: at its endpoints' addresses, or at its own. None for what has neither. */
export function dnsEndpoints({ service, port, subset, balancing, client }: WantedEndpoints): ConfigObject[] {
  const groups = grouped(members(service, port, subset?.labels));
  const heeded = subset && balancing ? ofSubset(balancing) : balancing;
  const chosen = heeded ? balanced(groups, heeded, client) : groups;
  return chosen.map((group) =>
    localityGroup(
      group,
      group.members.map(({ endpoint }) => endpoint),
    ),
  );
}

/** As Pilot has it: among names, labels rank those of the whole service, and not those of a subset. */
function ofSubset({ setting, failover }: Balancing): Balancing | undefined {
  if (!isSaid(setting.failoverPriority)) return { setting, failover };
  return isSaid(setting.failover) ? { setting: { failover: setting.failover }, failover } : undefined;
}

function members({ host, entry }: Service, port: Port, labels: Labels | undefined): Member<ConfigObject>[] {
  if (!entry?.endpoints?.length) {
    if (isWildcard(host) || Object.keys(labels ?? {}).length > 0) return [];
    return [{ endpoint: endpoint(host, Number(port.target), 1), weight: 1, labels: {}, locality: "" }];
  }
  return entry.endpoints
    .filter((each) => selects(labels, each.labels ?? {}))
    .map((each) => {
      const { address = "", ports, weight } = each;
      return listedMember(each, endpoint(address, ports?.[port.name] ?? Number(port.target), weight || 1));
    });
}

function endpoint(host: string, port: number, weight: number): ConfigObject {
  return { endpoint: { address: socketAddress({ host, port }) }, load_balancing_weight: weight };
}
