import { createHash } from "node:crypto";
import type { ConfigObject } from "../../harness/envoy/types.ts";
import { outboundCluster } from "../model/cluster-names.ts";
import { type Labels, selects } from "../model/labels.ts";
import { localityOf, saidLocality, withTopology } from "../model/locality.ts";
import type { Mesh } from "../model/mesh.ts";
import type { Port } from "../model/ports.ts";
import type { Service } from "../model/services.ts";
import type { Workload } from "../model/workloads.ts";
import type { WorkloadEntry } from "../resources/types/index.ts";
import { fileName } from "./file-name.ts";
import { type Group, type Member, balanced, grouped } from "./localities.ts";
import type { Balancing } from "./locality-balancing.ts";

/** Where a cluster's requests go: a port of a workload of the mesh, whose proxy is found when it runs, or an address. */
export type Endpoint = ({ readonly workload: string; readonly target: number } | { readonly host: string; readonly port: number }) & {
  /** It has a proxy that takes mutual TLS. */
  readonly mtls: boolean;
  readonly weight: number;
};

/** Endpoints of one place, as a client ranks and weighs it. */
export interface LocalityEndpoints extends Pick<Group<Endpoint>, "locality" | "priority" | "weight"> {
  readonly endpoints: readonly Endpoint[];
}

/** A file of endpoints: of all proxies of the mesh, or of those to which the same is near. */
export interface EndpointsFile {
  /** Relative to a proxy's folder. */
  readonly path: string;
  readonly cluster: string;
  readonly localities: readonly LocalityEndpoints[];
}

/**
 * Whether a proxy reads a service's endpoints, and does not look for them by name. Without a resolution a connection goes where it was going, which
 * a gateway does not know: it has the endpoints that are listed, and those are none.
 */
export const hasEndpointsFile = ({ resolution }: Service, proxy: Workload["type"]): boolean =>
  resolution === "workloads" || resolution === "STATIC" || (resolution === "NONE" && proxy === "gateway");

/** Whose endpoints: of a service's port, or of one of its subsets; for all clients, or as one of them ranks them. */
export interface WantedEndpoints {
  service: Service;
  port: Port;
  subset?: { name: string; labels?: Labels } | undefined;
  balancing?: Balancing | undefined;
  client: Workload;
}

export function endpointsFile(mesh: Mesh, path: string, { service, port, subset, balancing, client }: WantedEndpoints): EndpointsFile {
  const backing = mesh.workloadsOf(service).filter(({ labels }) => selects(subset?.labels, labels));
  const workloads = backing.map((workload): Member<Endpoint> => {
    const { id, type, labels, locality = "" } = workload;
    const target = targetOf(workload, port);
    const { mode, ports } = mesh.mtls(workload);
    const mtls = type === "sidecar" && (ports.get(target) ?? mode) !== "DISABLE";
    return { endpoint: { workload: id, target, mtls, weight: 1 }, weight: 1, labels: withTopology(labels, locality), locality };
  });
  const listed = (service.entry?.endpoints ?? [])
    .filter(({ labels, address }) => address && selects(subset?.labels, labels ?? {}))
    .map((each) => {
      const { address = "", ports, weight, labels, serviceAccount } = each;
      const target = ports?.[port.name] ?? Number(port.target);
      // As in Istio: who has an identity has a proxy, unless a label says otherwise.
      const mtls = (labels?.["security.istio.io/tlsMode"] ?? (serviceAccount ? "istio" : "disabled")) === "istio";
      return listedMember<Endpoint>(each, { host: address, port: target, mtls, weight: weight || 1 });
    });
  const groups = grouped([...workloads, ...listed]);
  const localities = (balancing ? balanced(groups, balancing, client) : groups).map(({ members, ...group }) => ({
    ...group,
    endpoints: members.map(({ endpoint }) => endpoint),
  }));
  return { path, cluster: outboundCluster(port.number, subset?.name ?? "", service.host), localities };
}

/** An endpoint that a ServiceEntry lists, with what ranks it. */
export function listedMember<E>({ labels = {}, locality, weight }: WorkloadEntry, endpoint: E): Member<E> {
  const place = locality || saidLocality(labels) || "";
  return { endpoint, weight: weight || 1, labels: withTopology(labels, place), locality: place };
}

/** The number of a workload's port that a service means. */
export function targetOf({ ports }: Workload, { target, number }: Port): number {
  if (typeof target === "number") return target;
  return ports.find(({ name }) => name === target)?.number ?? (Number(target) || number);
}

/**
 * Proxies read the same files, and two may know different services or subsets by the same name: ServiceEntries of two namespaces for a host,
 * rules that are not the same. So the service's namespace and a subset's labels are part of the name, and for whom it is.
 */
export function endpointsPath(cluster: string, namespace: string, labels?: Labels, pointOfView?: string): string {
  const text = Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(",");
  const seen = pointOfView === undefined ? "" : `~${digest(pointOfView)}`;
  const name = fileName((text === "" ? cluster : `${cluster}@${text}`) + seen);
  // What a file system takes.
  const short = name.length <= 200 ? name : `${name.slice(0, 160)}~${digest(name)}`;
  return `../endpoints/${fileName(namespace)}/${short}.json`;
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Envoy's ClusterLoadAssignment. @param addressOf of a workload's port; undefined while its proxy does not run. */
export function loadAssignment(
  { cluster, localities }: Pick<EndpointsFile, "cluster" | "localities">,
  addressOf: (workload: string, target: number) => { host: string; port: number } | undefined,
): ConfigObject {
  const groups = localities.map((group) =>
    localityGroup(
      group,
      group.endpoints.flatMap((endpoint) => {
        const address = "workload" in endpoint ? addressOf(endpoint.workload, endpoint.target) : endpoint;
        return address === undefined ? [] : [lbEndpoint(endpoint, address)];
      }),
    ),
  );
  return { cluster_name: cluster, endpoints: groups };
}

function lbEndpoint({ mtls, weight }: Endpoint, { host, port }: { host: string; port: number }): ConfigObject {
  return {
    endpoint: { address: { socket_address: { address: host, port_value: port } } },
    load_balancing_weight: weight,
    ...(mtls ? { metadata: { filter_metadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } } } : {}),
  };
}

/** Envoy's LocalityLbEndpoints. */
export function localityGroup(
  { locality, priority, weight }: Omit<LocalityEndpoints, "endpoints">,
  endpoints: ConfigObject[],
): ConfigObject {
  return { locality: { ...localityOf(locality) }, priority, lb_endpoints: endpoints, load_balancing_weight: weight };
}
