import type { ConfigObject } from "../harness/envoy/types.ts";
import { type EndpointsFile, endpointsFile, hasEndpointsFile } from "./clusters/endpoints.ts";
import { outboundClusters } from "./clusters/outbound.ts";
import { passthroughCluster } from "./clusters/passthrough.ts";
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
 * Proxies of a namespace see the same, but for labels that some rule asks the source for: what they see is made once, and shared. A thousand
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
    const key = JSON.stringify([workload.type, ...this.mesh.sourceLabels.map((name) => workload.labels[name] ?? null)]);
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
      const context = { sans: mesh.sans(service), autoMtls: mesh.takesMtls(service), proxy: workload.type };
      return service.ports
        .filter(({ protocol }) => protocol !== "udp")
        .flatMap((port) => {
          if (hasEndpointsFile(service, workload.type)) {
            for (const subset of [undefined, ...(rule?.subsets ?? [])]) {
              const file = endpointsFile(mesh, service, port, subset);
              this.endpoints.set(file.path, file);
            }
          }
          return outboundClusters(service, port, rule, context);
        });
    });
    return allowAny ? [...all, passthroughCluster()] : all;
  }
}
