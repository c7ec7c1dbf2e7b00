import type { Resource } from "../resources/resource.ts";
import type { DestinationRule, TrafficPolicy } from "../resources/types/index.ts";
import { PREFER_NODE, labelOf } from "./locality.ts";
import type { Service } from "./services.ts";
import type { VirtualServiceEntry } from "./virtual-services.ts";

/** What the mesh's rules tell sources apart by: sources that are the same in it, and in the same namespace, see the same. */
export interface Sources {
  /** Names of labels. */
  readonly labels: readonly string[];
  /** Where they run, too. */
  readonly locality: boolean;
}

export function sourcesOf(
  entries: readonly VirtualServiceEntry[],
  rules: readonly Resource<DestinationRule>[],
  services: readonly Service[],
): Sources {
  const asked = [
    ...entries.flatMap(({ spec: { http = [], tcp = [], tls = [] } }) =>
      [...http, ...tcp, ...tls].flatMap(({ match = [] }) => match.map((each) => each.sourceLabels)),
    ),
    ...rules.map(({ spec }) => spec.workloadSelector?.matchLabels),
  ];
  const policies = rules.flatMap(({ spec }) => policiesOf(spec));
  const balancers = policies.map(({ loadBalancer }) => loadBalancer?.localityLbSetting);
  const preferring = services.some((service) => service.trafficDistribution !== undefined);
  const names = [
    ...asked.flatMap((labels) => Object.keys(labels ?? {})),
    ...balancers.flatMap((setting) => (setting?.failoverPriority ?? []).map((each) => labelOf(each).name)),
    ...(preferring ? PREFER_NODE : []),
  ];
  const locality = preferring || policies.some(({ outlierDetection }) => outlierDetection) || balancers.some((setting) => setting);
  return { labels: [...new Set(names)].sort(), locality };
}

/** Those of the whole, of its subsets, and of the ports of each. */
function policiesOf({ trafficPolicy, subsets = [] }: DestinationRule): Pick<TrafficPolicy, "loadBalancer" | "outlierDetection">[] {
  const all = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)].filter((policy) => policy !== undefined);
  return all.flatMap((policy) => [policy, ...(policy.portLevelSettings ?? [])]);
}
