/** What tool/request.go reads: a whole cluster, and whose configuration is asked for. */
export interface Request {
  /** All resources, of Istio, the Gateway API and Kubernetes; a Service without `clusterIP` gets 10.96.0.N, N counting such Services. */
  yaml: string;
  /** YAML of MeshConfig over Istio's defaults. */
  meshConfig?: string;
  workloads: readonly Workload[];
  proxies: readonly ProxyOf[];
}

/** A pod that is ready, behind every Service whose selector it matches. */
export interface Workload {
  name: string;
  /** [`default`] */
  namespace?: string;
  ip: string;
  labels: Record<string, string>;
  /** [`default`] */
  serviceAccount?: string;
  /** Of its container; with names where a Service's `targetPort` is one. */
  ports?: readonly (number | { name: string; port: number })[];
  /** `region/zone/subzone` of its node. */
  locality?: string;
  /** [true] */
  sidecar?: boolean;
}

export interface ProxyOf {
  /** The workload's `name`, or `name.namespace`. */
  id: string;
  type: "sidecar" | "router";
  /** Node metadata over what an injected proxy says, for example `{ DNS_CAPTURE: "true" }`. */
  metadata?: Record<string, unknown>;
}

/** A resource of Envoy as JSON, fields in snake_case as in envoy.yaml. */
export type Resource = { readonly [field: string]: unknown };

/** What one proxy gets; each list is sorted by `name`, `endpoints` by `cluster_name`. */
export interface Config {
  clusters: Resource[];
  listeners: Resource[];
  routes: Resource[];
  endpoints: Resource[];
}

/** Either the proxies, by the `id` of the request, or why Istio takes no such configuration. */
export type Answer = { proxies: Record<string, Config>; warnings?: string[]; error?: undefined } | { error: string; proxies?: undefined };
