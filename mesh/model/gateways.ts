import type { Path } from "../../harness/cases/source.ts";
import type { Resource } from "../resources/resource.ts";
import type { Gateway, GatewayServer } from "../resources/types/index.ts";
import { type Labels, selects } from "./labels.ts";
import type { Workload } from "./workloads.ts";

/** A Gateway of Istio's, or a listener of one of the Gateway API's. */
export interface GatewayEntry {
  /** `namespace/name`, as VirtualServices call it. */
  readonly id: string;
  readonly resource: Resource<unknown>;
  readonly namespace: string;
  readonly servers: readonly GatewayServer[];
  /** Where each server stands in the resource. */
  readonly paths: readonly Path[];
  /** Without a service for a server's port, the port itself is the one to listen on. */
  readonly legacy: boolean;
  /** Whether it is for a workload's proxy. */
  selects(workload: { readonly labels: Labels; readonly namespace: string }): boolean;
}

export const gatewayId = (namespace: string, name: string) => `${namespace}/${name}`;

export function gatewayOf(resource: Resource<Gateway>): GatewayEntry {
  const { name, namespace, spec } = resource;
  return {
    id: gatewayId(namespace, name),
    resource,
    namespace,
    servers: spec.servers ?? [],
    paths: (spec.servers ?? []).map((_, i) => ["spec", "servers", i]),
    legacy: true,
    selects: ({ labels }) => selects(spec.selector, labels),
  };
}

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
