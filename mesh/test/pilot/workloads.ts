import { parseAllDocuments } from "yaml";
import type { ProxyOf, Workload } from "./messages.ts";

/** The parts of a Deployment that are looked at. */
interface Deployment {
  kind?: string;
  metadata?: { name?: string; namespace?: string };
  spec?: {
    replicas?: number;
    template?: {
      metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
      spec?: {
        serviceAccountName?: string;
        nodeSelector?: Record<string, string>;
        containers?: { ports?: { name?: string; containerPort: number }[] }[];
      };
    };
  };
}

const LOCALITY = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];

/**
 * The pods that Kubernetes would make of the Deployments of these resources, at 10.0.0.1, 10.0.0.2 and so on, and the proxy that Istio's
 * injector would put into each: a gateway's where `inject.istio.io/templates` is `gateway`, and none where `sidecar.istio.io/inject` is
 * `false`. A `nodeSelector` of topology labels is the locality.
 */
export function workloadsOf(yaml: string): { workloads: Workload[]; proxies: ProxyOf[] } {
  const workloads: Workload[] = [];
  const proxies: ProxyOf[] = [];
  for (const document of parseAllDocuments(yaml)) {
    const resource = document.toJS() as Deployment | null;
    if (resource?.kind !== "Deployment") continue;
    const { name = "", namespace = "default" } = resource.metadata ?? {};
    const { metadata, spec } = resource.spec?.template ?? {};
    const labels = metadata?.labels ?? {};
    const locality = LOCALITY.map((label) => spec?.nodeSelector?.[label] ?? "")
      .join("/")
      .replace(/\/+$/, "");
    const ports = (spec?.containers ?? []).flatMap((container) => container.ports ?? []);
    const sidecar = labels["sidecar.istio.io/inject"] !== "false";
    const gateway = metadata?.annotations?.["inject.istio.io/templates"] === "gateway";
    for (let replica = 1; replica <= (resource.spec?.replicas ?? 1); replica++) {
      const id = replica === 1 ? name : `${name}-${replica}`;
      workloads.push({
        name: id,
        namespace,
        ip: `10.0.${Math.floor((workloads.length + 1) / 256)}.${(workloads.length + 1) % 256}`,
        // The injector's template for sidecars gives this label with another value, that for gateways none; the tool does not know which it was.
        labels: gateway ? { "security.istio.io/tlsMode": "disabled", ...labels } : labels,
        serviceAccount: spec?.serviceAccountName ?? "default",
        ports: ports.map((port) => (port.name === undefined ? port.containerPort : { name: port.name, port: port.containerPort })),
        ...(locality === "" ? {} : { locality }),
        sidecar,
      });
      if (sidecar) proxies.push({ id, type: gateway ? "router" : "sidecar" });
    }
  }
  return { workloads, proxies };
}
