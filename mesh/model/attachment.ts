import type { Resource } from "../resources/resource.ts";
import type { TargetReference, WorkloadSelector } from "../resources/types/index.ts";
import { selects } from "./labels.ts";
import { ROOT_NAMESPACE } from "./peer-authentication.ts";
import type { Workload } from "./workloads.ts";

/** What says which workloads a policy is for. */
interface Attached {
  selector?: WorkloadSelector;
  targetRef?: TargetReference;
  targetRefs?: TargetReference[];
}

const GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name";

/**
 * Whether a policy is for a workload: by its selector, in its own namespace or from the mesh's; or by its targets, which are Gateways of the Gateway
 * API in its own namespace. https://istio.io/latest/docs/reference/config/type/workload-selector/
 */
export function attaches({ namespace, spec }: Resource<Attached>, workload: Pick<Workload, "namespace" | "labels">): boolean {
  const targets = spec.targetRefs?.length ? spec.targetRefs : spec.targetRef ? [spec.targetRef] : [];
  if (targets.length === 0) {
    return (namespace === workload.namespace || namespace === ROOT_NAMESPACE) && selects(spec.selector?.matchLabels, workload.labels);
  }
  const gateway = workload.labels[GATEWAY_NAME];
  if (gateway === undefined || namespace !== workload.namespace) return false;
  return targets.some(
    ({ group, kind, name, namespace: its }) =>
      group === "gateway.networking.k8s.io" && kind === "Gateway" && name === gateway && (!its || its === namespace),
  );
}
