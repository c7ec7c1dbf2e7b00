import { createHash } from "node:crypto";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { outboundCluster } from "../model/cluster-names.ts";
import { type Labels, selects } from "../model/labels.ts";
import type { Mesh } from "../model/mesh.ts";
import type { Port } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import type { Workload } from "../model/workloads.ts";
import { fileName } from "./file-name.ts";

/** Where a cluster's requests go: a port of a workload of the mesh, whose proxy is found when it runs, or an address. */
export type Endpoint = ({ readonly workload: string; readonly target: number } | { readonly host: string; readonly port: number }) & {
  /** It has a proxy that takes mutual TLS. */
  readonly mtls: boolean;
  readonly weight: number;
  /** `region/zone/subzone` */
  readonly locality?: string;
};

/** A file of endpoints, which all proxies of the mesh read. */
export interface EndpointsFile {
  /** Relative to a proxy's folder. */
  readonly path: string;
  readonly cluster: string;
  readonly endpoints: readonly Endpoint[];
}

/**
 * Whether a proxy reads a service's endpoints, and does not look for them by name. Without a resolution a connection goes where it was going, which
 * a gateway does not know: it has the endpoints that are listed, and those are none.
 */
export const hasEndpointsFile = ({ resolution }: Service, proxy: Workload["type"]): boolean =>
  resolution === "workloads" || resolution === "STATIC" || (resolution === "NONE" && proxy === "gateway");

/** The endpoints of a service's port, or of one of its subsets. */
export function endpointsFile(mesh: Mesh, service: Service, port: Port, subset?: { name: string; labels?: Labels }): EndpointsFile {
  const cluster = outboundCluster(port.number, subset?.name ?? "", service.host);
  const backing = mesh.workloadsOf(service).filter(({ labels }) => selects(subset?.labels, labels));
  const workloads = backing.map((workload): Endpoint => {
    const target = targetOf(workload, port);
    const { mode, ports } = mesh.mtls(workload);
    const mtls = workload.type === "sidecar" && (ports.get(target) ?? mode) !== "DISABLE";
    return { workload: workload.id, target, mtls, weight: 1, ...(workload.locality ? { locality: workload.locality } : {}) };
  });
  const listed = (service.entry?.endpoints ?? [])
    .filter(({ labels, address }) => address && selects(subset?.labels, labels ?? {}))
    .map(({ address = "", ports, weight, locality, labels, serviceAccount }): Endpoint => {
      const target = ports?.[port.name] ?? Number(port.target);
      // As in Istio: who has an identity has a proxy, unless a label says otherwise.
      const mtls = (labels?.["security.istio.io/tlsMode"] ?? (serviceAccount ? "istio" : "disabled")) === "istio";
      return { host: address, port: target, mtls, weight: weight || 1, ...(locality ? { locality } : {}) };
    });
  return { path: endpointsPath(cluster, service.namespace, subset?.labels), cluster, endpoints: [...workloads, ...listed] };
}

/** The number of a workload's port that a service means. */
export function targetOf({ ports }: Workload, { target, number }: Port): number {
  if (typeof target === "number") return target;
  return ports.find(({ name }) => name === target)?.number ?? (Number(target) || number);
}

/**
 * All proxies read the same files, and two may know different services or subsets by the same name: ServiceEntries of two namespaces for a host,
 * rules that are not the same. So the service's namespace and a subset's labels are part of the name.
 */
export function endpointsPath(cluster: string, namespace: string, labels?: Labels): string {
  const text = Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
  const name = fileName(text === "" ? cluster : `${cluster}@${text}`);
  // What a file system takes.
  const short = name.length <= 200 ? name : `${name.slice(0, 160)}~${createHash("sha256").update(name).digest("hex").slice(0, 16)}`;
  return `../endpoints/${fileName(namespace)}/${short}.json`;
}

/** Envoy's ClusterLoadAssignment. @param addressOf of a workload's port; undefined while its proxy does not run. */
export function loadAssignment(
  { cluster, endpoints }: Pick<EndpointsFile, "cluster" | "endpoints">,
  addressOf: (workload: string, target: number) => { host: string; port: number } | undefined,
): ConfigObject {
  const localities = new Map<string, ConfigObject[]>();
  for (const endpoint of endpoints) {
    const address = "workload" in endpoint ? addressOf(endpoint.workload, endpoint.target) : endpoint;
    if (address === undefined) continue;
    const key = endpoint.locality ?? "";
    const list = localities.get(key) ?? [];
    localities.set(key, list);
    list.push({
      endpoint: { address: { socket_address: { address: address.host, port_value: address.port } } },
      load_balancing_weight: endpoint.weight,
      ...(endpoint.mtls ? { metadata: { filter_metadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } } } : {}),
    });
  }
  const groups = [...localities].map(([key, list]) => {
    const [region, zone, sub_zone] = key.split("/");
    const weight = list.reduce((sum, each) => sum + Number(each["load_balancing_weight"]), 0);
    return { locality: { region, zone, sub_zone }, lb_endpoints: list, load_balancing_weight: weight };
  });
  return { cluster_name: cluster, endpoints: groups };
}
