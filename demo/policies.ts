import { NAMESPACE, principalOf } from "./identities.ts";
import { type Service, callersOf } from "./topology.ts";

/**
 * A service's policy, as one writes it for Istio: who calls it in the topology may, and since that is an ALLOW policy nobody else may. It
 * tells service accounts apart, not workloads: where one version of reviews may ask, all may.
 */
export function callersPolicy(service: Service) {
  return {
    apiVersion: "security.istio.io/v1",
    kind: "AuthorizationPolicy",
    metadata: { name: `${service}-callers`, namespace: NAMESPACE },
    spec: { action: "ALLOW", rules: [{ from: [{ source: { principals: callersOf(service).map(principalOf) } }] }] },
  };
}
