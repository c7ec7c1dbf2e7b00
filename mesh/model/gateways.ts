import type { Resource } from "../resources/resource.ts";
import type { Gateway } from "../resources/types/index.ts";
import { selects } from "./labels.ts";
import type { Workload } from "./workloads.ts";

/**
 * The gateways that Istio's installation has, where nothing of the mesh's own is selected: `istio: ingressgateway` means
 * `istio-ingressgateway` in `istio-system`.
 */
export function impliedGateways(gateways: readonly Resource<Gateway>[], workloads: readonly Workload[]): Workload[] {
  const implied = new Map<string, Workload>();
  for (const { spec } of gateways) {
    const selector = spec.selector ?? {};
    const word = selector["istio"];
    if (word === undefined || workloads.some(({ labels }) => selects(selector, labels))) continue;
    const name = `istio-${word}`;
    const id = `${name}.istio-system`;
    const labels = { app: name, ...implied.get(id)?.labels, ...selector };
    implied.set(id, {
      ...{ id, name, namespace: "istio-system", labels, serviceAccount: `${name}-service-account`, ports: [], type: "gateway" },
    });
  }
  return [...implied.values()];
}
