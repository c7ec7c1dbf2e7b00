import { NAMESPACE } from "./identities.ts";
import { type Service, serviceOf } from "./topology.ts";

/** The host of a service, as Kubernetes calls it. */
export const hostOf = (service: Service) => `${service}.${NAMESPACE}.svc.cluster.local`;

/** What Istio calls the cluster of a service: metrics of the caller's side take the service from it. */
export const clusterOf = (service: Service) => `outbound|9080||${hostOf(service)}`;

/** BookInfo's versions: a workload whose name says none is the first. */
const versionOf = (workload: string) => /-(v\d+)$/.exec(workload)?.[1] ?? "v1";

/** Who a proxy is in metrics: its workload, or the ingress. */
export function workloadLabels(workload: string | undefined) {
  const of = (name: string, app: string, version: string) => ({
    ...{ name, namespace: NAMESPACE, app, version, cluster: "demo" },
    ...{ canonicalService: app, canonicalRevision: version },
  });
  return workload === undefined ? of("ingress", "ingress", "v1") : of(workload, serviceOf(workload), versionOf(workload));
}
