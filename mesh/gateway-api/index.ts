import type { GatewayEntry } from "../model/gateways.ts";
import { hostOf } from "../model/hosts.ts";
import type { VirtualServiceEntry } from "../model/virtual-services.ts";
import type { Workload } from "../model/workloads.ts";
import type { Resource } from "../resources/resource.ts";
import type {
  GrpcRouteRule,
  HttpRouteRule,
  KubernetesGateway,
  KubernetesGatewayClass,
  KubernetesService,
  ReferenceGrant,
  Route,
  ServiceEntry,
  StreamRouteRule,
} from "../resources/types/index.ts";
import { attachmentsOf } from "./attachments.ts";
import { backendsOf } from "./backends.ts";
import { GROUP, isIstios } from "./classes.ts";
import { managedServices, managedWorkloads } from "./deployments.ts";
import { listenersOf } from "./listeners.ts";
import { grpcRoutes, httpRoutes, streamRoutes } from "./rules.ts";
import { tcpEntries, tlsEntries } from "./streams.ts";
import { merged, partsOf } from "./virtual-services.ts";

/** What the Gateway API's resources are in Istio's terms, as Istio itself translates them. */
export interface GatewayApi {
  readonly gateways: readonly GatewayEntry[];
  readonly virtualServices: readonly VirtualServiceEntry[];
  /** Proxies that Istio runs for Gateways, where the resources have none. */
  readonly workloads: readonly Workload[];
  /** Services in front of them. */
  readonly services: readonly Resource<KubernetesService>[];
}

/**
 * @param of resources of a kind, the older first
 * @param declared workloads that the resources have
 */
export function gatewayApi(of: <Spec>(kind: string, group: string) => Resource<Spec>[], declared: readonly Workload[]): GatewayApi {
  const classes = of<KubernetesGatewayClass>("GatewayClass", GROUP);
  const gateways = of<KubernetesGateway>("Gateway", GROUP).filter((each) => isIstios(each, classes));
  const entries = of<ServiceEntry>("ServiceEntry", "networking.istio.io");
  const own = of<KubernetesService>("Service", "");
  const services = managedServices(gateways, own);
  const all = [...own, ...services];
  const around = {
    selectors: new Map(all.flatMap(({ name, namespace, spec }) => (spec.selector ? [[hostOf(name, namespace), spec.selector]] : []))),
    namespaces: namespacesOf(of, all),
  };
  const listeners = gateways.flatMap((gateway) => listenersOf(gateway, around));
  const known = {
    hosts: new Set([...all.map(({ name, namespace }) => hostOf(name, namespace)), ...entries.flatMap(({ spec }) => spec.hosts ?? [])]),
    grants: of<ReferenceGrant>("ReferenceGrant", GROUP),
  };

  const routesOf = <Rule>(kind: string) =>
    of<Route<Rule>>(kind, GROUP).map((route) => {
      const backends = (granted: boolean) => backendsOf(route, known, granted);
      return { route, rules: route.spec.rules, attachments: attachmentsOf(route, listeners), backends };
    });
  const parts = [
    ...routesOf<HttpRouteRule>("HTTPRoute").flatMap(({ route, rules, attachments, backends }) =>
      partsOf(route, attachments, (granted) => httpRoutes(route, rules, backends(granted)), entries),
    ),
    ...routesOf<GrpcRouteRule>("GRPCRoute").flatMap(({ route, rules, attachments, backends }) =>
      partsOf(route, attachments, (granted) => grpcRoutes(route, rules, backends(granted)), entries),
    ),
  ];
  const streams = (kind: string, make: typeof tcpEntries) =>
    routesOf<StreamRouteRule>(kind).flatMap(({ route, rules, attachments, backends }) =>
      make(route, attachments, (granted) => streamRoutes(rules, backends(granted)), entries),
    );
  return {
    gateways: listeners,
    virtualServices: [...merged(parts), ...streams("TCPRoute", tcpEntries), ...streams("TLSRoute", tlsEntries)],
    workloads: managedWorkloads(gateways, declared),
    services,
  };
}

/** Namespaces that have a resource of their own, or are mentioned by others. */
function namespacesOf(of: <Spec>(kind: string, group: string) => Resource<Spec>[], services: readonly Resource<unknown>[]) {
  const labels = new Map<string, Readonly<Record<string, string>>>(services.map(({ namespace }) => [namespace, {}]));
  for (const each of of("Namespace", "")) labels.set(each.name, each.labels);
  return labels;
}
