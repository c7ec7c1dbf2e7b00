import type { Resource } from "../resources/resource.ts";
import type { KubernetesGateway, KubernetesGatewayClass } from "../resources/types/index.ts";

export const GROUP = "gateway.networking.k8s.io";

/** Who runs gateways of Istio's class. */
export const CONTROLLER = "istio.io/gateway-controller";

/** Whether Istio serves a Gateway: its class is `istio`, or one of Istio's controller. */
export function isIstios({ spec }: Resource<KubernetesGateway>, classes: readonly Resource<KubernetesGatewayClass>[]): boolean {
  const named = classes.find(({ name }) => name === spec.gatewayClassName);
  return named ? named.spec.controllerName === CONTROLLER : spec.gatewayClassName === "istio";
}

/** By it proxies of a Gateway are known. */
export const selectorOf = ({ name }: Resource<KubernetesGateway>) => ({ [`${GROUP}/gateway-name`]: name });

/** The Deployment, Service and ServiceAccount that Istio makes for a Gateway without addresses. */
export const managedName = ({ name, spec }: Resource<KubernetesGateway>) => `${name}-${spec.gatewayClassName}`;
