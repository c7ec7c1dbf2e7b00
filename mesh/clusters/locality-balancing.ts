import { PREFER_NODE, PREFER_ZONE, labelOf, withTopology } from "../model/locality.ts";
import type { Service } from "../model/services.ts";
import type { Workload } from "../model/workloads.ts";
import type { LocalityLb, TrafficPolicy } from "../resources/types/index.ts";

/** What decides to which places a cluster's requests go. */
export interface Balancing {
  readonly setting: LocalityLb;
  /** Endpoints can be found to be unhealthy: only then has Envoy a reason to look farther away. */
  readonly failover: boolean;
}

/** As in Istio, failover is on: it begins where a rule has `outlierDetection`. Undefined where it is switched off. */
export function balancingOf(policy: TrafficPolicy | undefined, { trafficDistribution }: Service): Balancing | undefined {
  const failover = policy?.outlierDetection !== undefined;
  const { localityLbSetting: setting, zoneAwareLbSetting } = policy?.loadBalancer ?? {};
  if (zoneAwareLbSetting || setting?.enabled === false) return undefined;
  if (setting) return { setting, failover };
  if (trafficDistribution === undefined) return { setting: {}, failover };
  return { setting: { failoverPriority: trafficDistribution === "node" ? PREFER_NODE : PREFER_ZONE }, failover: true };
}

export const isSaid = (list: readonly unknown[] | undefined): list is readonly unknown[] => list !== undefined && list.length > 0;

/** Whether Envoy has to heed the weights of places, and not only those of endpoints. */
export const weighsLocalities = ({ setting, failover }: Balancing): boolean =>
  isSaid(setting.distribute) || (failover && (isSaid(setting.failover) || isSaid(setting.failoverPriority)));

/**
 * What a client's proxy goes by, as a text: clients with the same get the same endpoints. Undefined where all get the same.
 * @param places Whether the mesh knows where anything runs.
 */
export function pointOfView(balancing: Balancing | undefined, client: Workload, places: boolean): string | undefined {
  if (balancing === undefined) return undefined;
  const { setting, failover } = balancing;
  if (isSaid(setting.distribute)) return JSON.stringify([setting, client.locality]);
  const byLabels = isSaid(setting.failoverPriority);
  if (!failover || !(places || byLabels)) return undefined;
  if (!byLabels) return JSON.stringify([setting, client.locality]);
  const labels = withTopology(client.labels, client.locality);
  const values = setting.failoverPriority?.map((each) => labels[labelOf(each).name] ?? "");
  return JSON.stringify([setting, values, ...(isSaid(setting.failover) ? [client.locality] : [])]);
}
