import { join } from "node:path";
import type { FilterSpec } from "../../harness/envoy/types.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { type Extension, type Phase, extensionsAt } from "../model/extensions.ts";
import { DOMAIN } from "../model/hosts.ts";
import { selects } from "../model/labels.ts";
import { type Mesh, TRUST_DOMAIN } from "../model/mesh.ts";
import { ROOT_NAMESPACE } from "../model/peer-authentication.ts";
import { STICKY_HEADER, type Sticky, stickyOf } from "../model/sticky.ts";
import type { Workload } from "../model/workloads.ts";
import { RULE } from "../routes/route.ts";
import { type ChainPart, environmentOf, merged } from "./parts.ts";

/** A chain of filters: in front of a workload's application, behind it, or at a gateway. */
export interface Place {
  readonly direction: "inbound" | "outbound" | "gateway";
  readonly workload: Workload;
  /** The service of an inbound port. */
  readonly host?: string;
  /** The application's for what comes in, the service's for what goes out, the gateway's own; undefined for what serves all. */
  readonly port?: number;
}

/** What sits in a chain. */
export type Filters = (place: Place, mesh: Mesh) => readonly FilterSpec[];

/**
 * Our own filters, all in one module: who stays with a version, who calls whom, traces, Istio's authorization, Istio's metrics, and what Filters
 * of ours add; in front of and behind it the filters of WasmPlugins, TrafficExtensions and Filters, where Istio has them.
 */
export const defaultFilters: Filters = (place, mesh) => {
  const extensions = extensionsAt(mesh.extensions, place);
  const said = extensions.flatMap(({ part }) => part ?? []);
  const parts = merged(ownParts(place, mesh), said);
  const fused = { name: "mesh", wasm: join(packageRoot(), "build", "mesh.wasm"), config: { filters: parts }, ...environmentOf(said) };
  return [...inPhases(extensions, IN_FRONT), ...(parts.length > 0 ? [fused] : []), ...inPhases(extensions, BEHIND)];
};

/** Those of WasmPlugins, TrafficExtensions and Filters alone. */
export const extensionFilters: Filters = (place, mesh) => inPhases(extensionsAt(mesh.extensions, place), [...IN_FRONT, ...BEHIND]);

/** Of Istio's authorization, which is in our module. */
const IN_FRONT: readonly Phase[] = ["AUTHN", "AUTHZ"];
const BEHIND: readonly Phase[] = ["STATS", "UNSPECIFIED"];

const inPhases = (extensions: readonly Extension[], phases: readonly Phase[]): FilterSpec[] =>
  phases.flatMap((phase) => extensions.flatMap((each) => (each.phase === phase && each.filter ? [each.filter] : [])));

function ownParts(place: Place, mesh: Mesh): ChainPart[] {
  const { direction, workload, host } = place;
  const identity = workloadLabels(workload);
  const policies = direction === "outbound" ? [] : policiesFor(workload, mesh);
  const splits = direction === "inbound" ? [] : stickySplits(place, mesh);
  return [
    // In front: what it decides is the route that the others see.
    ...(splits.length > 0 ? [{ name: "canary", config: { header: STICKY_HEADER, splits } }] : []),
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
}

/** Nobody outside is told of the mesh's workloads. */
const IN_THE_MESH = [{ attribute: "xds.cluster_name", suffix: `.svc.${DOMAIN}` }];

/** The header by which `explain` finds its request again. */
export const EXPLAIN = "x-meshscript-explain";

/** What each part writes down of a request. */
const VERDICTS = ["authz", "tracing", "downstream_peer", "upstream_peer"];

/** Fields of the access log, beside the usual ones: what decided about a request. `explain` reads them. */
export const verdictFields = (direction: Place["direction"]): Record<string, string> => ({
  direction,
  started: "%START_TIME(%s.%6f)%",
  requestId: "%REQ(X-REQUEST-ID)%",
  [EXPLAIN]: `%REQ(${EXPLAIN})%`,
  // The usual one is the name that counters have, which ends in `;`.
  cluster: "%UPSTREAM_CLUSTER_RAW%",
  caller: "%DOWNSTREAM_PEER_URI_SAN%",
  rule: `%METADATA(ROUTE:${RULE}:origin)%`,
  endpoint: "%UPSTREAM_HOST%",
  ...Object.fromEntries(VERDICTS.map((name) => [name, `%FILTER_STATE(wasm.meshscript.${name}:PLAIN)%`])),
});

/** https://istio.io/latest/docs/reference/config/security/authorization-policy/: those of the mesh, of the namespace, of the workload. */
export function policiesOf({ namespace, labels }: Workload, { authorizationPolicies }: Mesh): Mesh["authorizationPolicies"] {
  return authorizationPolicies
    .filter((policy) => policy.namespace === namespace || policy.namespace === ROOT_NAMESPACE)
    .filter(({ spec }) => selects(spec.selector?.matchLabels, labels) && spec.action !== "CUSTOM");
}

const policiesFor = (workload: Workload, mesh: Mesh): object[] =>
  policiesOf(workload, mesh).map(({ name, namespace: own, annotations, spec: { selector: _, ...spec } }) => ({
    metadata: { name, namespace: own, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec,
  }));

/** Of the VirtualServices that the proxy sees. */
function stickySplits({ direction, workload }: Place, mesh: Mesh): Sticky[] {
  if (mesh.sticky.length === 0) return [];
  const seen =
    direction === "gateway"
      ? mesh.gateways.filter((each) => each.selects(workload)).flatMap(({ id }) => mesh.virtualServicesFor(id, workload))
      : mesh.scope(workload).virtualServices;
  return mesh.sticky.filter((entry) => seen.includes(entry)).flatMap(({ source }) => stickyOf(source) ?? []);
}

/** https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements: what a workload is in metrics. */
function workloadLabels({ name, namespace, labels }: Workload) {
  const app = labels["app"] ?? labels["app.kubernetes.io/name"] ?? name;
  const version = labels["version"] ?? labels["app.kubernetes.io/version"] ?? "latest";
  const service = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? name;
  const revision = labels["service.istio.io/canonical-revision"] ?? version;
  return { name, namespace, app, version, canonicalService: service, canonicalRevision: revision, cluster: "Kubernetes" };
}
