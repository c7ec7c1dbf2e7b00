import { type Resource, byAge, compare } from "../resources/resource.ts";
import type { Sidecar, VirtualService } from "../resources/types/index.ts";
import { covers, inFull, overlap } from "./hosts.ts";
import { selects } from "./labels.ts";
import { ROOT_NAMESPACE } from "./peer-authentication.ts";
import type { Service } from "./services.ts";
import { MESH, type VirtualServiceEntry } from "./virtual-services.ts";
import { type Visibility, isPrivate, visibilityOf, visibleTo } from "./visibility.ts";
import type { Workload } from "./workloads.ts";

export interface Scope {
  /** What it has listeners and routes for. */
  readonly services: ReadonlyMap<string, Service>;
  /** What it has clusters for: also what is only seen because a VirtualService leads there. */
  readonly reachable: ReadonlyMap<string, Service>;
  readonly virtualServices: readonly VirtualServiceEntry[];
  readonly allowAny: boolean;
}

/** An entry of an egress list, `namespace/host`, in parts. */
interface Import {
  namespace: string;
  host: string;
  /** `~namespace/host`: not even if another entry takes it; `~/host` is of all namespaces. */
  excluded: boolean;
}

/** What each proxy sees: everything that is exported to its namespace, narrowed down by its Sidecar. Proxies with the same view share it. */
export class Scopes {
  private readonly cache = new Map<string, Scope>();
  private readonly visibilities = new Map<VirtualServiceEntry, Visibility>();
  private readonly sidecars: readonly Resource<Sidecar>[];
  private readonly byHost = new Map<string, readonly Service[]>();

  constructor(
    private readonly services: readonly Service[],
    private readonly virtualServices: readonly VirtualServiceEntry[],
    sidecars: readonly Resource<Sidecar>[],
  ) {
    this.sidecars = [...sidecars].sort(byAge);
    for (const service of services) this.byHost.set(service.host, [...(this.byHost.get(service.host) ?? []), service]);
    for (const entry of virtualServices) this.visibilities.set(entry, visibilityOf(entry.spec.exportTo, entry.resource.namespace));
  }

  of(workload: Workload): Scope {
    const sidecar = workload.type === "gateway" ? undefined : this.sidecarOf(workload);
    const key = `${workload.namespace} ${workload.type} ${sidecar ? `${sidecar.namespace}/${sidecar.name}` : ""}`;
    const found = this.cache.get(key) ?? this.make(workload, sidecar?.spec);
    this.cache.set(key, found);
    return found;
  }

  /** https://istio.io/latest/docs/reference/config/networking/sidecar/: the workload's own, its namespace's, the mesh's. */
  private sidecarOf({ namespace, labels }: Workload): Resource<Sidecar> | undefined {
    const own = this.sidecars.filter((each) => each.namespace === namespace);
    const chosen = own.find(({ spec }) => spec.workloadSelector?.labels && selects(spec.workloadSelector.labels, labels));
    const whole = ({ spec }: Resource<Sidecar>) => !spec.workloadSelector?.labels;
    return chosen ?? own.find(whole) ?? this.sidecars.find((each) => each.namespace === ROOT_NAMESPACE && whole(each));
  }

  private make({ namespace, type }: Workload, sidecar: Sidecar | undefined): Scope {
    const egress = sidecar?.egress?.length ? sidecar.egress : undefined;
    const listed = egress?.flatMap(({ hosts }) => hosts.map((each) => importOf(each, namespace)));
    const imports = listed?.filter(({ excluded }) => !excluded);
    const excluded = listed?.filter((each) => each.excluded) ?? [];
    const virtualServices = this.visible(namespace, MESH).filter((entry) => !imports || reached(imports, excluded, entry));
    const services = new Map<string, Service>();
    for (const service of this.ranked(namespace)) {
      if (!visibleTo(service.visibility, namespace) || services.has(service.host)) continue;
      if (excluded.some((each) => takes(each, service))) continue;
      if (!imports || imports.some((each) => takes(each, service))) services.set(service.host, service);
    }
    const reachable = new Map(services);
    // A gateway sees no more than what is exported to it.
    if (type === "sidecar") for (const { spec } of virtualServices) this.addCalled(reachable, spec, namespace);
    const mode = sidecar?.outboundTrafficPolicy?.mode ?? "ALLOW_ANY";
    return { services, reachable, virtualServices, allowAny: mode !== "REGISTRY_ONLY" };
  }

  /**
   * Whoever sees a VirtualService sees where it leads: of a service that is seen only by that, the ports that are named. As in Istio, the own
   * namespace's service is seen even if it is exported to others only; of other namespaces the first counts.
   */
  private addCalled(services: Map<string, Service>, spec: VirtualService, namespace: string): void {
    for (const [host, ports] of destinationsOf(spec, namespace)) {
      const all = this.byHost.get(host) ?? [];
      const others = all.filter(({ visibility }) => visibleTo(visibility, namespace));
      const service =
        all.find((each) => each.namespace === namespace) ??
        others.find(({ resource }) => resource.kind === "Service") ??
        others.sort((a, b) => compare(a.resource.created, b.resource.created) || compare(a.namespace, b.namespace))[0];
      const found = services.get(host);
      if (service === undefined || (found !== undefined && found.resource !== service.resource)) continue;
      const kept = ports.has(undefined) ? service.ports : service.ports.filter(({ number }) => ports.has(number));
      const more = kept.filter(({ number }) => !found?.ports.some((port) => port.number === number));
      if (more.length > 0) services.set(host, { ...service, ports: [...(found?.ports ?? []), ...more] });
    }
  }

  /** Of two with the same host the own namespace's counts, then Kubernetes' own, then what is exported by name, then the older. */
  private ranked(namespace: string): Service[] {
    const rank = (service: Service) =>
      (service.namespace === namespace ? 0 : 4) +
      (service.resource.kind === "Service" ? 0 : 2) +
      (service.visibility === "everyone" ? 1 : 0);
    const older = (a: Service, b: Service) => compare(a.resource.created, b.resource.created) || compare(a.namespace, b.namespace);
    return [...this.services].sort((a, b) => rank(a) - rank(b) || older(a, b));
  }

  /** In Pilot's order: the namespace's own, what is exported to it by name, what is for everybody. */
  visible(namespace: string, gateway: string): VirtualServiceEntry[] {
    const rank = (entry: VirtualServiceEntry): number => {
      const visibility = this.visibilities.get(entry) ?? "nobody";
      if (!entry.gateways.includes(gateway) || !visibleTo(visibility, namespace)) return 4;
      // Of routes of the Gateway API, a client's own go before those of the service's namespace.
      if (visibility === "everyone") return entry.semantics === "gateway-api" && entry.resource.namespace === namespace ? 2 : 3;
      return isPrivate(visibility, namespace) || entry.resource.namespace === namespace ? 0 : 1;
    };
    return this.virtualServices
      .map((entry) => ({ entry, rank: rank(entry) }))
      .filter((each) => each.rank < 4)
      .sort((a, b) => a.rank - b.rank)
      .map(({ entry }) => entry);
  }
}

function importOf(text: string, namespace: string): Import {
  const slash = text.indexOf("/");
  const excluded = text.startsWith("~");
  const from = text.slice(excluded ? 1 : 0, slash) || "*";
  return { namespace: from === "." ? namespace : from, host: inFull(text.slice(slash + 1), namespace), excluded };
}

const isFrom = ({ namespace }: Import, own: string) => namespace === "*" || namespace === own;

const takes = (each: Import, { namespace, host }: Service) => isFrom(each, namespace) && covers(each.host, host);

/** One host that is taken and not excluded is enough. */
function reached(
  imports: readonly Import[],
  excluded: readonly Import[],
  { resource: { namespace }, hosts, semantics }: VirtualServiceEntry,
): boolean {
  return hosts.some(
    (host) =>
      !excluded.some((each) => isFrom(each, namespace) && covers(each.host, host)) &&
      imports.some((each) => isFrom(each, namespace) && (semantics === "istio" ? overlap : covers)(each.host, host)),
  );
}

/** Where a VirtualService leads clients of a namespace, with the ports that it names; undefined among them is all. */
function destinationsOf({ http = [], tcp = [], tls = [] }: VirtualService, namespace: string): Map<string, Set<number | undefined>> {
  const fromHere = http.filter(({ match = [] }) => {
    // As Pilot reads several: the last that names another namespace counts, unless one before or behind it names this.
    const named = match.map((each) => each.sourceNamespace).filter((each) => each);
    return named.length === 0 || named.includes(namespace);
  });
  const all = [
    ...fromHere.flatMap(({ route = [], mirror, mirrors = [] }) => [
      ...route.map((each) => each.destination),
      ...(mirror ? [mirror] : []),
      ...mirrors.map((each) => each.destination),
    ]),
    ...[...tcp, ...tls].flatMap(({ route = [] }) => route.map((each) => each.destination)),
  ];
  const found = new Map<string, Set<number | undefined>>();
  for (const { host, port } of all) found.set(host, (found.get(host) ?? new Set()).add(port?.number));
  return found;
}
