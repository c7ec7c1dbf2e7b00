import type { Diagnostic } from "../../../diagnostics/index.ts";
import { Mesh } from "../../model/mesh.ts";
import type { Resource } from "../../resources/resource.ts";
import type { DestinationRule, KubernetesService, PeerAuthentication, ServiceEntry, VirtualService } from "../../resources/types/index.ts";
import { delegateConflicts } from "./delegates.ts";
import { ruleConflicts } from "./destination-rules.ts";
import { destinationConflicts } from "./destinations.ts";
import { gatewayApiConflicts } from "./gateway-api.ts";
import { hostConflicts } from "./hosts.ts";
import { peerAuthenticationConflicts } from "./peer-authentications.ts";
import { portConflicts } from "./ports.ts";
import { routeConflicts } from "./routes.ts";
import { secretConflicts } from "./secrets.ts";
import { gatewayConflicts, virtualServiceConflicts } from "./virtual-services.ts";

/** What Istio decides in silence where resources do not fit together: a warning for each, which names the other's place. */
export function conflicts(resources: readonly Resource[]): Diagnostic[] {
  const mesh = new Mesh(resources);
  const of = <Spec>(kind: string, group: string) =>
    resources.filter((each) => each.kind === kind && each.group === group) as unknown as Resource<Spec>[];
  const networking = "networking.istio.io";
  const virtualServices = of<VirtualService>("VirtualService", networking);
  const rules = of<DestinationRule>("DestinationRule", networking);
  return [
    ...virtualServiceConflicts(mesh),
    ...gatewayConflicts(virtualServices, mesh),
    ...delegateConflicts(virtualServices),
    ...virtualServices.flatMap(routeConflicts),
    ...destinationConflicts(virtualServices, mesh),
    ...hostConflicts(virtualServices, rules, mesh),
    ...ruleConflicts(rules, mesh),
    ...peerAuthenticationConflicts(of<PeerAuthentication>("PeerAuthentication", "security.istio.io"), mesh),
    ...secretConflicts(mesh),
    ...gatewayApiConflicts(resources, mesh),
    ...portConflicts(of<KubernetesService>("Service", ""), of<ServiceEntry>("ServiceEntry", networking)),
  ];
}
