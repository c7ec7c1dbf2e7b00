import { type Resource, byAge } from "../resources/resource.ts";
import type { MutualTls, PeerAuthentication } from "../resources/types/index.ts";
import { selects } from "./labels.ts";
import type { Workload } from "./workloads.ts";

export type MtlsMode = "DISABLE" | "PERMISSIVE" | "STRICT";

/** What a workload's inbound listeners take. */
export interface MtlsModes {
  readonly mode: MtlsMode;
  readonly ports: ReadonlyMap<number, MtlsMode>;
}

/** Where policies of the whole mesh stand. */
export const ROOT_NAMESPACE = "istio-system";

/**
 * The narrower scope wins: workload, namespace, mesh; within one the oldest. UNSET takes what is around it, and without any it is PERMISSIVE.
 * https://istio.io/latest/docs/reference/config/security/peer_authentication/
 */
export function mtlsModes(
  policies: readonly Resource<PeerAuthentication>[],
  { namespace, labels }: Pick<Workload, "namespace" | "labels">,
  rootNamespace = ROOT_NAMESPACE,
): MtlsModes {
  const sorted = [...policies].sort(byAge);
  const whole = ({ spec }: Resource<PeerAuthentication>) => Object.keys(spec.selector?.matchLabels ?? {}).length === 0;
  const ofMesh = sorted.find((policy) => policy.namespace === rootNamespace && whole(policy));
  const ofNamespace = namespace === rootNamespace ? undefined : sorted.find((policy) => policy.namespace === namespace && whole(policy));
  const ofWorkload = sorted.find(
    (policy) =>
      policy.namespace === namespace &&
      policy.namespace !== rootNamespace &&
      !whole(policy) &&
      selects(policy.spec.selector?.matchLabels, labels),
  );
  const mode = set(ofWorkload?.spec.mtls) ?? set(ofNamespace?.spec.mtls) ?? set(ofMesh?.spec.mtls) ?? ("PERMISSIVE" satisfies MtlsMode);
  const ports = Object.entries(ofWorkload?.spec.portLevelMtls ?? {}).map(([port, mtls]) => [Number(port), set(mtls) ?? mode] as const);
  return { mode, ports: new Map(ports) };
}

const set = (mtls: MutualTls | undefined): MtlsMode | undefined =>
  mtls?.mode === undefined || mtls.mode === "UNSET" ? undefined : mtls.mode;
