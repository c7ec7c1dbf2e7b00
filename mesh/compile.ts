import type { ConfigObject } from "../harness/envoy/types.ts";
import type { EndpointsFile } from "./clusters/endpoints.ts";
import { type Filters, defaultFilters } from "./listeners/filters.ts";
import { type Credential, gatewayListeners } from "./listeners/gateway/index.ts";
import { inboundClusterOf } from "./listeners/inbound.ts";
import { inboundPorts, sidecarListeners } from "./listeners/sidecar.ts";
import { Mesh } from "./model/mesh.ts";
import type { LocalHosts } from "./model/outside.ts";
import type { Workload } from "./model/workloads.ts";
import type { Resource } from "./resources/resource.ts";
import { compare } from "./resources/resource.ts";
import { drawn } from "./routes/draws.ts";
import { type View, Views } from "./views.ts";

/** Envoy's configuration of one workload's proxy. What changes with routes and endpoints comes from files that it watches. */
export interface ProxyConfig {
  readonly workload: Workload;
  readonly node: ConfigObject;
  readonly listeners: readonly ConfigObject[];
  readonly clusters: readonly ConfigObject[];
  /** Route configurations, each a file of its own. */
  readonly routes: readonly ConfigObject[];
  /** Ports of its application. */
  readonly targets: readonly number[];
  /** Certificates beside its own. */
  readonly credentials: readonly Credential[];
}

export interface CompiledMesh {
  readonly mesh: Mesh;
  /** By the id of their workloads, in their order. */
  readonly proxies: ReadonlyMap<string, ProxyConfig>;
  /** What all proxies share, by path. */
  readonly endpoints: ReadonlyMap<string, EndpointsFile>;
}

export interface CompileOptions {
  /** [our own: peer-metadata, tracing, authz and metrics, in one module] */
  filters?: Filters;
  /** Whose applications get a listener for each service of their namespace, beside those that need a `Host` [nobody's]. */
  program?: (workload: Workload) => boolean;
  /** Splits go by a header that a test sends, instead of chance [false]. */
  draws?: boolean;
  /** The local port of a gateway's server [the kernel chooses]. */
  port?: (server: number) => number | undefined;
  /** Hosts outside that are answered on this machine [none]. */
  local?: LocalHosts;
}

/**
 * Resources in, Envoy's configuration out, with Pilot's semantics. Pure: the same resources, in whatever order, give the same result.
 */
export function compile(resources: readonly Resource[], options: CompileOptions = {}): CompiledMesh {
  const mesh = new Mesh(resources, options.local);
  const views = new Views(mesh);
  const workloads = [...mesh.workloads].sort((a, b) => compare(a.id, b.id));
  const proxies = new Map(workloads.map((workload) => [workload.id, split(proxyOf(workload, mesh, views.of(workload), options), options)]));
  return { mesh, proxies, endpoints: views.endpoints };
}

function proxyOf(workload: Workload, mesh: Mesh, view: View, options: CompileOptions): ProxyConfig {
  const { filters = defaultFilters, program, port } = options;
  const { clusters } = view;
  const node = nodeOf(workload);
  if (workload.type === "gateway") return { workload, node, clusters, ...gatewayListeners(workload, mesh, { filters, port }), targets: [] };
  const inbound = inboundPorts(workload, mesh);
  const { listeners, routes } = sidecarListeners(workload, mesh, inbound, view, { filters, program: program?.(workload) ?? false });
  return {
    workload,
    node,
    clusters: [...clusters, ...inbound.map(inboundClusterOf)],
    listeners,
    routes: [...view.routes, ...routes],
    targets: inbound.map(({ target }) => target),
    credentials: [],
  };
}

const split = (proxy: ProxyConfig, { draws }: CompileOptions): ProxyConfig =>
  draws ? { ...proxy, routes: proxy.routes.map(drawn) } : proxy;

/** As Istio's own proxies call themselves. */
function nodeOf({ type, name, namespace, labels, serviceAccount, id }: Workload): ConfigObject {
  const app = labels["app"] ?? name;
  return {
    id: `${type === "gateway" ? "router" : "sidecar"}~127.0.0.1~${id}~${namespace}.svc.cluster.local`,
    cluster: `${app}.${namespace}`,
    metadata: {
      NAME: name,
      NAMESPACE: namespace,
      WORKLOAD_NAME: name,
      LABELS: labels,
      SERVICE_ACCOUNT: serviceAccount,
      MESH_ID: "cluster.local",
    },
  };
}
