import type { ConfigObject } from "../harness/envoy/types.ts";
import { type EndpointsFile, type WantedEndpoints, endpointsFile, endpointsPath } from "./clusters/endpoints.ts";
import { pointOfView } from "./clusters/locality-balancing.ts";
import { outboundClusters } from "./clusters/outbound.ts";
import { passthroughCluster } from "./clusters/passthrough.ts";
import { outboundCluster } from "./model/cluster-names.ts";
import type { Mesh } from "./model/mesh.ts";
import { isHttp } from "./model/ports.ts";
import type { Workload } from "./model/workloads.ts";
import { outboundRoutes, proxyRoutes } from "./routes/virtual-hosts.ts";

/** What a proxy can call, as Envoy's parts. */
export interface View {
  readonly clusters: readonly ConfigObject[];
  /** Ports at which there are requests to route. */
  readonly ports: readonly number[];
  /** Of those ports, and of the HTTP proxy. */
  readonly routes: readonly ConfigObject[];
}

/**
 * Proxies of a namespace see the same, but for labels and places that some rule asks the source for: what they see is made once, and shared. A thousand
 * services are four million clusters in all their sidecars, and four thousand objects.
 */
export class Views {
  private readonly made = new Map<object, Map<string, View>>();
  readonly endpoints = new Map<string, EndpointsFile>();

  constructor(private readonly mesh: Mesh) {}

  of(workload: Workload): View {
    const seen = this.mesh.seenBy(workload);
    const views = this.made.get(seen) ?? new Map<string, View>();
    this.made.set(seen, views);
    const { labels, locality } = this.mesh.sources;
    const key = JSON.stringify([workload.type, locality && workload.locality, ...labels.map((name) => workload.labels[name] ?? null)]);
    const view = views.get(key) ?? this.make(workload);
    views.set(key, view);
    return view;
  }

  private make(workload: Workload): View {
    const scope = this.mesh.scope(workload);
    const numbers = [...scope.services.values()].flatMap((service) => service.ports.filter(isHttp).map(({ number }) => number));
    const ports = [...new Set(numbers)].sort((a, b) => a - b);
    const sidecar = workload.type === "sidecar";
    return {
      clusters: this.clusters(workload),
      ports,
      routes: sidecar ? [...ports.map((port) => outboundRoutes(scope, port)), proxyRoutes(scope, ports)] : [],
    };
  }

  private clusters(workload: Workload): ConfigObject[] {
    const { mesh } = this;
    const { reachable, allowAny } = mesh.scope(workload);
    const all = [...reachable.values()].flatMap((service) => {
      const rule = mesh.rule(service, workload);
      const sans = mesh.sans(service);
      const context = {
        sans,
        autoMtls: mesh.takesMtls(service),
        client: workload,
        endpoints: (wanted: WantedEndpoints) => this.pathOf(wanted),
      };
      return service.ports.filter(({ protocol }) => protocol !== "udp").flatMap((port) => outboundClusters(service, port, rule, context));
    });
    return allowAny ? [...all, passthroughCluster()] : all;
  }

  /** Of endpoints, which are in a file from then on: one for all who see the same. */
  private pathOf(wanted: WantedEndpoints): string {
    const { service, port, subset, balancing, client } = wanted;
    const cluster = outboundCluster(port.number, subset?.name ?? "", service.host);
    const path = endpointsPath(cluster, service.namespace, subset?.labels, pointOfView(balancing, client, this.mesh.places));
    if (!this.endpoints.has(path)) this.endpoints.set(path, endpointsFile(this.mesh, path, wanted));
    return path;
  }
}
