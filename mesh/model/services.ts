import type { Resource } from "../resources/resource.ts";
import type { KubernetesService, ServiceEntry } from "../resources/types/index.ts";
import { hostOf, inFull } from "./hosts.ts";
import type { Labels } from "./labels.ts";
import { type Port, namedProtocol, protocolOf } from "./ports.ts";
import { type TrafficDistribution, trafficDistribution } from "./traffic-distribution.ts";
import { type Visibility, visibilityOf } from "./visibility.ts";

/** Where requests for a host can go: a Service of Kubernetes, or one host of a ServiceEntry. */
export interface Service {
  /** `reviews.default.svc.cluster.local`, `api.example.com`, `*.example.com` */
  readonly host: string;
  readonly namespace: string;
  readonly ports: readonly Port[];
  /** Workloads with these labels are its endpoints [none]. */
  readonly selector?: Labels;
  /** Endpoints that the ServiceEntry lists. */
  readonly entry?: ServiceEntry;
  /** How its endpoints are found. */
  readonly resolution: "workloads" | "STATIC" | "DNS" | "DNS_ROUND_ROBIN" | "NONE" | "DYNAMIC_DNS";
  /** Not part of the mesh: no mutual TLS. */
  readonly external: boolean;
  readonly visibility: Visibility;
  /** What its endpoints' certificates may say, beside their service accounts. */
  readonly subjectAltNames: readonly string[];
  /** Virtual addresses under which it is called. */
  readonly addresses: readonly string[];
  /** `spec.clusterIP: None` */
  readonly headless: boolean;
  /** Endpoints near to the client are asked first. */
  readonly trafficDistribution?: TrafficDistribution;
  readonly resource: Resource<unknown>;
}

/** https://kubernetes.io/docs/concepts/services-networking/service/ @param ofNamespace annotations of its namespace */
export function serviceOf(resource: Resource<KubernetesService>, ofNamespace?: Labels): Service {
  const { name, namespace, spec, annotations } = resource;
  const exportTo = annotations["networking.istio.io/exportTo"]?.split(",").map((each) => each.trim());
  const { clusterIP } = spec;
  const preferred = trafficDistribution(spec.trafficDistribution, annotations, ofNamespace);
  return {
    host: hostOf(name, namespace),
    namespace,
    ports: (spec.ports ?? []).map((port) => ({
      number: port.port,
      name: port.name ?? "",
      protocol: protocolOf(port),
      target: port.targetPort ?? port.port,
    })),
    // As for Kubernetes: an empty selector is none.
    ...(Object.keys(spec.selector ?? {}).length > 0 ? { selector: spec.selector } : {}),
    resolution: "workloads",
    external: false,
    visibility: visibilityOf(exportTo, namespace),
    subjectAltNames: [],
    addresses: clusterIP === undefined || clusterIP === "None" || clusterIP === "" ? [] : [clusterIP],
    headless: clusterIP === "None",
    ...(preferred ? { trafficDistribution: preferred } : {}),
    resource,
  };
}

/** One for each host. https://istio.io/latest/docs/reference/config/networking/service-entry/ @param ofNamespace as for a Service */
export function servicesOf(resource: Resource<ServiceEntry>, ofNamespace?: Labels): Service[] {
  const { namespace, spec, annotations } = resource;
  const preferred = trafficDistribution(undefined, annotations, ofNamespace);
  const ports = (spec.ports ?? []).map((port) => ({
    number: port.number,
    name: port.name,
    protocol: port.protocol === undefined || port.protocol === "" ? protocolOf({ name: port.name }) : namedProtocol(port.protocol),
    target: port.targetPort ?? port.number,
  }));
  return (spec.hosts ?? []).map((host) => ({
    host: inFull(host, namespace),
    namespace,
    ports,
    ...(spec.workloadSelector?.labels ? { selector: spec.workloadSelector.labels } : {}),
    entry: spec,
    resolution: spec.resolution ?? "NONE",
    external: (spec.location ?? "MESH_EXTERNAL") === "MESH_EXTERNAL",
    visibility: visibilityOf(spec.exportTo, namespace),
    subjectAltNames: spec.subjectAltNames ?? [],
    addresses: spec.addresses ?? [],
    headless: false,
    ...(preferred ? { trafficDistribution: preferred } : {}),
    resource,
  }));
}

export const portOf = ({ ports }: Service, number: number) => ports.find((port) => port.number === number);
