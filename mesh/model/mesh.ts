import { gatewayApi } from "../gateway-api/index.ts";
import { type Resource, byAge } from "../resources/resource.ts";
import type {
  AuthorizationPolicy,
  ConsistentHash,
  Destination,
  DestinationRule,
  Gateway,
  KubernetesService,
  PeerAuthentication,
  ServiceEntry,
  Sidecar,
  VirtualService,
} from "../resources/types/index.ts";
import type { OutboundScope } from "../routes/virtual-hosts.ts";
import { DestinationRules, type Rule } from "./destination-rules.ts";
import { type Extension, extensionsOf } from "./extensions.ts";
import { type GatewayEntry, gatewayOf, impliedGateways } from "./gateways.ts";
import { selects } from "./labels.ts";
import { type LocalHosts, localRule, localService } from "./outside.ts";
import { type MtlsModes, mtlsModes } from "./peer-authentication.ts";
import { Scopes } from "./scopes.ts";
import { type TlsSecret, tlsSecretOf } from "./secrets.ts";
import { type Service, serviceOf, servicesOf } from "./services.ts";
import { type Sources, sourcesOf } from "./sources.ts";
import { stickyOf } from "./sticky.ts";
import { type VirtualServiceEntry, virtualServicesOf } from "./virtual-services.ts";
import { type Workload, makesWorkloads, workloadOf } from "./workloads.ts";

export const TRUST_DOMAIN = "cluster.local";

/** Who a service account is to others. */
export const spiffeId = (namespace: string, account: string) => `spiffe://${TRUST_DOMAIN}/ns/${namespace}/sa/${account}`;

/** All resources of a mesh, found by what others ask for. */
export class Mesh {
  readonly services: readonly Service[];
  readonly workloads: readonly Workload[];
  readonly virtualServices: readonly VirtualServiceEntry[];
  /** Those whose splits stick to users. */
  readonly sticky: readonly VirtualServiceEntry[];
  /** Istio's own, then listeners of the Gateway API's. */
  readonly gateways: readonly GatewayEntry[];
  readonly authorizationPolicies: readonly Resource<AuthorizationPolicy>[];
  /** Filters of WasmPlugins, TrafficExtensions and Filters. */
  readonly extensions: readonly Extension[];
  private readonly rules: DestinationRules;
  private readonly peerAuthentications: readonly Resource<PeerAuthentication>[];
  private readonly scopes: Scopes;
  readonly sources: Sources;
  /** Whether it is known of anything where it runs. */
  readonly places: boolean;
  /** By the resource: of a service there may be copies with fewer ports. */
  private readonly backing = new Map<Service["resource"], readonly Workload[]>();
  private readonly fronting = new Map<Workload, Service[]>();
  private readonly secrets: ReadonlyMap<string, TlsSecret>;

  /** @param local hosts outside that are answered on this machine [none] */
  constructor(
    readonly resources: readonly Resource[],
    private readonly local?: LocalHosts,
  ) {
    const sorted = [...resources].sort(byAge);
    const of = <Spec>(kind: string, group: string) =>
      sorted.filter((each) => each.kind === kind && each.group === group) as unknown as Resource<Spec>[];
    const networking = "networking.istio.io";
    const declared = sorted.filter(({ kind }) => makesWorkloads(kind)).flatMap((each) => workloadOf(each) ?? []);
    const api = gatewayApi(of, declared);
    const own = of<Gateway>("Gateway", networking);
    this.gateways = [...own.map(gatewayOf), ...api.gateways];
    const annotations = new Map(of("Namespace", "").map((each) => [each.name, each.annotations]));
    this.services = [
      ...[...of<KubernetesService>("Service", ""), ...api.services].map((each) => serviceOf(each, annotations.get(each.namespace))),
      ...of<ServiceEntry>("ServiceEntry", networking)
        .flatMap((each) => servicesOf(each, annotations.get(each.namespace)))
        .map((service) => (local ? localService(service, local) : service)),
    ];
    // A Gateway of Istio's without a selector is for all gateways, and makes none of a workload.
    const selecting = [...own.filter(({ spec }) => spec.selector).map(gatewayOf), ...api.gateways];
    this.workloads = [...declared, ...impliedGateways(own, declared)]
      .map((workload) => (selecting.some((each) => each.selects(workload)) ? { ...workload, type: "gateway" as const } : workload))
      .concat(api.workloads);
    this.virtualServices = inOrder([...virtualServicesOf(of<VirtualService>("VirtualService", networking)), ...api.virtualServices]);
    this.sticky = this.virtualServices.filter(({ source }) => stickyOf(source));
    this.rules = new DestinationRules(of<DestinationRule>("DestinationRule", networking));
    this.peerAuthentications = of<PeerAuthentication>("PeerAuthentication", "security.istio.io");
    this.authorizationPolicies = of<AuthorizationPolicy>("AuthorizationPolicy", "security.istio.io");
    this.extensions = extensionsOf(of);
    this.sources = sourcesOf(this.virtualServices, of<DestinationRule>("DestinationRule", networking), this.services);
    this.places = this.workloads.some(({ locality }) => locality) || this.services.some(hasPlaces);
    this.secrets = new Map(of("Secret", "").map((each) => [`${each.namespace}/${each.name}`, tlsSecretOf(each)]));
    this.match();
    this.scopes = new Scopes(this.services, this.virtualServices, of<Sidecar>("Sidecar", networking));
  }

  /** What the Secret `namespace/name` has of TLS; undefined where there is none. */
  secret(name: string): TlsSecret | undefined {
    return this.secrets.get(name);
  }

  /** What a workload's proxy may call. */
  scope(workload: Workload): OutboundScope {
    const scope = this.scopes.of(workload);
    return { ...scope, proxy: workload, hash: (destination) => this.hash(destination, scope.reachable, workload) };
  }

  /** The VirtualServices of a gateway, `namespace/name`, that its workload sees. */
  virtualServicesFor(gateway: string, { namespace }: Pick<Workload, "namespace">): readonly VirtualServiceEntry[] {
    return this.scopes.visible(namespace, gateway);
  }

  /** What stands for that: the same object for proxies that see the same services and rules. */
  seenBy(workload: Workload): object {
    return this.scopes.of(workload);
  }

  /** The rule that a workload's proxy heeds when it calls a service. */
  rule(service: Pick<Service, "host" | "namespace">, client: Pick<Workload, "namespace" | "labels">): Rule | undefined {
    const rule = this.rules.for(service, client);
    const { local } = this;
    return rule && local?.ports.has(service.host) ? localRule(rule, local.roots) : rule;
  }

  /** The workloads that a service selects. */
  workloadsOf(service: Service): readonly Workload[] {
    return this.backing.get(service.resource) ?? [];
  }

  /** The services that have a workload among their endpoints. */
  servicesOf(workload: Workload): readonly Service[] {
    return this.fronting.get(workload) ?? [];
  }

  /** Whose certificates answer for a service. */
  sans(service: Service): string[] {
    const accounts = this.workloadsOf(service).map(({ namespace, serviceAccount }) => spiffeId(namespace, serviceAccount));
    const listed = (service.entry?.endpoints ?? []).flatMap(({ serviceAccount }) =>
      serviceAccount ? [spiffeId(service.namespace, serviceAccount)] : [],
    );
    return [...new Set([...accounts, ...listed, ...service.subjectAltNames])].sort();
  }

  /** What a workload's own listeners take. */
  mtls(workload: Pick<Workload, "namespace" | "labels">): MtlsModes {
    return mtlsModes(this.peerAuthentications, workload);
  }

  /** Whether clients may speak mutual TLS to a service by themselves: policies of single workloads are seen at their endpoints. */
  takesMtls(service: Service): boolean {
    const { namespace, headless, resolution, entry } = service;
    // Where connections go to whatever address was asked for, all that are known have to have a proxy.
    if (headless || resolution === "NONE") {
      const backing = this.workloadsOf(service);
      if (backing.length === 0 || entry?.endpoints?.length || backing.some(({ type }) => type !== "sidecar")) return false;
    }
    return mtlsModes(this.peerAuthentications, { namespace, labels: {} }).mode !== "DISABLE";
  }

  /** Services and workloads find each other by a label of the selector, instead of each looking at all. */
  private match(): void {
    const key = (namespace: string, name: string, value: string) => `${namespace}/${name}=${value}`;
    const byLabel = new Map<string, Workload[]>();
    for (const workload of this.workloads) {
      for (const [name, value] of Object.entries(workload.labels)) {
        const label = key(workload.namespace, name, value);
        const list = byLabel.get(label);
        if (list) list.push(workload);
        else byLabel.set(label, [workload]);
      }
    }
    for (const service of this.services) {
      const { selector = {}, namespace } = service;
      // An empty selector selects nothing: its endpoints are somebody else's matter.
      const [first] = Object.entries(selector);
      const candidates = first ? (byLabel.get(key(namespace, ...first)) ?? []) : [];
      const found = candidates.filter(({ labels }) => selects(selector, labels));
      this.backing.set(service.resource, found);
      for (const workload of found) this.fronting.set(workload, [...(this.fronting.get(workload) ?? []), service]);
    }
  }

  private hash({ host, subset, port }: Destination, services: ReadonlyMap<string, Service>, client: Workload): ConsistentHash | undefined {
    const service = services.get(host);
    const rule = service && this.rules.for(service, client);
    if (rule === undefined) return undefined;
    const policy = rule.subsets.find(({ name }) => name === subset)?.trafficPolicy;
    const ofPort = (settings: Rule["trafficPolicy"]) =>
      settings?.portLevelSettings?.find((each) => port !== undefined && each.port?.number === port.number)?.loadBalancer?.consistentHash;
    return (
      ofPort(policy) ??
      policy?.loadBalancer?.consistentHash ??
      ofPort(rule.trafficPolicy) ??
      rule.trafficPolicy?.loadBalancer?.consistentHash
    );
  }
}

const hasPlaces = ({ entry }: Service) => entry?.endpoints?.some(({ locality }) => locality) ?? false;

/** As Pilot sorts those of both APIs together. */
const inOrder = (entries: readonly VirtualServiceEntry[]) => [...entries].sort((a, b) => byAge(a.resource, b.resource));
