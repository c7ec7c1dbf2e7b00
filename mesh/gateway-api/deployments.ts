import { hostOf } from "../model/hosts.ts";
import { selects } from "../model/labels.ts";
import type { Workload } from "../model/workloads.ts";
import type { Resource } from "../resources/resource.ts";
import type { KubernetesGateway, KubernetesService } from "../resources/types/index.ts";
import { managedName, selectorOf } from "./classes.ts";

/**
 * The Services that Istio makes for Gateways without addresses, where there is none of that name.
 * https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#automated-deployment
 */
export function managedServices(
  gateways: readonly Resource<KubernetesGateway>[],
  own: readonly Resource<KubernetesService>[],
): Resource<KubernetesService>[] {
  const taken = new Set(own.map(({ name, namespace }) => hostOf(name, namespace)));
  return gateways
    .filter((gateway) => isManaged(gateway) && !taken.has(hostOf(managedName(gateway), gateway.namespace)))
    .map((gateway) => {
      const { spec } = gateway;
      const ports = new Map(
        (spec.listeners ?? []).map(({ name, port, protocol }) => [port, { name, port, appProtocol: protocol.toLowerCase() }]),
      );
      return {
        ...gateway,
        group: "",
        kind: "Service",
        name: managedName(gateway),
        labels: {},
        annotations: {},
        spec: { selector: selectorOf(gateway), ports: [...ports.values()] },
      };
    });
}

/** Their proxies, where the resources have no Deployment for them. */
export function managedWorkloads(gateways: readonly Resource<KubernetesGateway>[], declared: readonly Workload[]): Workload[] {
  return gateways.filter(isManaged).flatMap((gateway) => {
    const { namespace } = gateway;
    const name = managedName(gateway);
    const selector = selectorOf(gateway);
    const labels = { "service.istio.io/canonical-name": name, ...gateway.spec.infrastructure?.labels, ...selector };
    if (declared.some((each) => each.namespace === namespace && selects(selector, each.labels))) return [];
    return [{ id: `${name}.${namespace}`, name, namespace, labels, serviceAccount: name, ports: [], type: "gateway" }];
  });
}

const isManaged = ({ spec }: Resource<KubernetesGateway>) => !spec.addresses?.length;
