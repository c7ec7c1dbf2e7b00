import type { Coverage } from "../entry.ts";
import { filter, trafficExtension, wasmPlugin } from "./extensions.ts";
import { gatewayApiKinds } from "./gateway-api.ts";
import { kubernetesKinds } from "./kubernetes.ts";
import { gateway, serviceEntry, sidecar } from "./network.ts";
import { authorizationPolicy, peerAuthentication } from "./security.ts";
import { destinationRule, virtualService } from "./traffic.ts";
import { wholeKinds } from "./whole.ts";

export { kubernetesKinds } from "./kubernetes.ts";

/** All kinds of which something is known. */
export const coverages: readonly Coverage[] = [
  virtualService,
  destinationRule,
  gateway,
  serviceEntry,
  sidecar,
  peerAuthentication,
  authorizationPolicy,
  wasmPlugin,
  trafficExtension,
  filter,
  ...gatewayApiKinds,
  ...wholeKinds,
  ...kubernetesKinds,
];

/** Undefined for a kind that is not known at all. */
export function coverageOf({ group, kind }: { group: string; kind: string }): Coverage | undefined {
  return coverages.find((each) => each.group === group && each.kind === kind);
}
