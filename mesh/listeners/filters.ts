import { join } from "node:path";
import type { FilterSpec } from "../../harness/envoy/types.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { DOMAIN } from "../model/hosts.ts";
import { selects } from "../model/labels.ts";
import { type Mesh, TRUST_DOMAIN } from "../model/mesh.ts";
import { ROOT_NAMESPACE } from "../model/peer-authentication.ts";
import type { Workload } from "../model/workloads.ts";

/** A chain of filters: in front of a workload's application, behind it, or at a gateway. */
export interface Place {
  readonly direction: "inbound" | "outbound" | "gateway";
  readonly workload: Workload;
  /** The service of an inbound port. */
  readonly host?: string;
}

/** What sits in a chain. */
export type Filters = (place: Place, mesh: Mesh) => readonly FilterSpec[];

/** Our own filters, all in one module: who calls whom, traces, Istio's authorization, Istio's metrics. */
export const defaultFilters: Filters = (place, mesh) => {
  const { direction, workload, host } = place;
  const identity = workloadLabels(workload);
  const policies = direction === "outbound" ? [] : policiesFor(workload, mesh);
  const parts = [
    {
      name: "peer-metadata",
      config:
        direction === "inbound" ? { direction, workload: identity } : { direction: "outbound", workload: identity, when: IN_THE_MESH },
    },
    { name: "tracing", config: {} },
    ...(policies.length > 0 ? [{ name: "authz", config: { trustDomain: TRUST_DOMAIN, policies } }] : []),
    {
      name: "metrics",
      config:
        direction === "inbound"
          ? { reporter: "destination", workload: identity, peerMetadata: true, ...(host ? { service: host } : {}) }
          : { reporter: "source", workload: identity, peerMetadata: true },
    },
  ];
  return [{ name: "mesh", wasm: join(packageRoot(), "build", "mesh.wasm"), config: { filters: parts } }];
};

/** Nobody outside is told of the mesh's workloads. */
const IN_THE_MESH = [{ attribute: "xds.cluster_name", suffix: `.svc.${DOMAIN}` }];

/** What each part writes down of a request, as fields of the access log. */
export const verdictFields: Readonly<Record<string, string>> = Object.fromEntries(
  ["authz", "tracing", "downstream_peer", "upstream_peer"].map((name) => [name, `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%`]),
);

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/: those of the mesh, of the namespace, of the workload. */
function policiesFor({ namespace, labels }: Workload, { authorizationPolicies }: Mesh): object[] {
  return authorizationPolicies
    .filter((policy) => policy.namespace === namespace || policy.namespace === ROOT_NAMESPACE)
    .filter(({ spec }) => selects(spec.selector?.matchLabels, labels) && spec.action !== "CUSTOM")
    .map(({ name, namespace: own, annotations, spec: { selector: _, ...spec } }) => ({
      metadata: { name, namespace: own, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      spec,
    }));
}

/** https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements: what a workload is in metrics. */
function workloadLabels({ name, namespace, labels }: Workload) {
  const app = labels["app"] ?? labels["app.kubernetes.io/name"] ?? name;
  const version = labels["version"] ?? labels["app.kubernetes.io/version"] ?? "latest";
  const service = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? name;
  const revision = labels["service.istio.io/canonical-revision"] ?? version;
  return { name, namespace, app, version, canonicalService: service, canonicalRevision: revision, cluster: "Kubernetes" };
}
