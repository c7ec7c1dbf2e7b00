import { statsConfigOfAllFilters } from "../filters/metrics/stat-tags.ts";
import {
  type Address,
  type ConfigObject,
  type HttpListenerOptions,
  type Identity,
  bootstrap,
  cluster,
  httpListener,
  route,
} from "../harness/index.ts";
import { COLLECTOR, type DemoFilter, type Loading, type Place, chainAt, loaded, toldFields, verdictFields } from "./filters.ts";
import { spiffeIdOf } from "./identities.ts";
import { clusterOf } from "./istio-names.ts";
import { type Service, type Workload, entry, inbound, outbound } from "./topology.ts";

/** What sits in the chains, and how it is loaded. */
interface Chains {
  filters: readonly DemoFilter[];
  /** ["fused"] */
  loading?: Loading | undefined;
}

/** A listener with the filters of its place; `hop` is its name in access log and traces. */
function listener(
  place: Place,
  name: string,
  hop: string,
  to: string,
  { filters, loading = "fused" }: Chains,
  more: Omit<HttpListenerOptions, "name" | "filters" | "accessLog"> = {},
): ConfigObject {
  return httpListener({
    name,
    filters: loaded(chainAt(place, filters), loading),
    routes: [route(to)],
    // As in Istio: Envoy's own standard output, which the harness keeps in the run directory.
    accessLog: {
      path: "/dev/stdout",
      fields: {
        hop,
        start: "%START_TIME(%s.%6f)%",
        microseconds: "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
        peer: "%DOWNSTREAM_PEER_URI_SAN%",
        caller: "%FILTER_STATE(wasm.meshscript.downstream_peer:PLAIN)%",
        callee: "%FILTER_STATE(wasm.meshscript.upstream_peer:PLAIN)%",
        ...verdictFields(),
        ...toldFields(),
      },
    },
    ...more,
  });
}

/** The listener's name for a service that the workload calls. */
export const outboundListener = (service: Service) => `outbound_${service}`;

export interface SidecarOptions extends Chains {
  workload: Workload;
  /** Where its application listens. */
  app: Address;
  /** Inbound listeners of the workloads of each service that it calls. */
  callees: ReadonlyMap<Service, readonly Address[]>;
  /** Who this proxy is to the others [nobody: all speak plain HTTP]. */
  identity?: Identity | undefined;
  /** Where spans go [nowhere]. */
  collector?: Address | undefined;
}

/** A cluster of other proxies' listeners: as Istio does it, whoever answers must be the service that was meant. */
function proxies(service: Service, endpoints: readonly Address[], identity: Identity | undefined): ConfigObject {
  const tls = identity && { identity, expectedSpiffeIds: [spiffeIdOf(service)] };
  return cluster({ name: clusterOf(service), endpoints, ...(tls ? { tls } : {}) });
}

/** As Istio's sidecars have it: two more attempts where the first did not reach the service, or it says 503. */
const RETRIES = {
  retry_on: "connect-failure,refused-stream,retriable-status-codes",
  retriable_status_codes: [503],
  num_retries: 2,
  retry_back_off: { base_interval: "0.025s" },
};

/** The routes of a way out. The callee is told which attempt it is. */
function callTo(service: Service): ConfigObject[] {
  const routes = [route(clusterOf(service), { route: { retry_policy: RETRIES } })];
  return [{ name: service, domains: ["*"], include_request_attempt_count: true, routes }];
}

/** What all proxies have: labels for the filters' metrics, and a way to the collector of spans. */
const everywhere = { stats_config: statsConfigOfAllFilters() };
const collectorOf = (address: Address | undefined) => (address ? [cluster({ name: COLLECTOR, endpoints: [address] })] : []);

/** A sidecar: one way in, and one way out for each service that its workload calls. */
export function sidecarConfig({ workload: { name, calls }, app, callees, identity, collector, ...chains }: SidecarOptions): ConfigObject {
  // STRICT, as Istio calls it: no caller without a certificate. The way out is for the own application, and plain.
  const tls = identity && { tls: { identity } };
  const way = (callee: Service) => ({ virtualHosts: callTo(callee), listener: { traffic_direction: "OUTBOUND" } });
  return bootstrap({
    node: { id: `sidecar~${name}`, cluster: name },
    listeners: [
      listener({ at: "inbound", workload: name }, "inbound", inbound(name), "app", chains, {
        ...tls,
        listener: { traffic_direction: "INBOUND" },
      }),
      ...calls.map((callee) =>
        listener({ at: "outbound", workload: name, callee }, outboundListener(callee), outbound(name, callee), callee, chains, way(callee)),
      ),
    ],
    // Several endpoints are several versions: they take turns.
    clusters: [
      cluster({ name: "app", endpoints: [app] }),
      ...calls.map((callee) => proxies(callee, callees.get(callee) ?? [], identity)),
      ...collectorOf(collector),
    ],
    bootstrap: everywhere,
  });
}

export interface IngressOptions extends Chains, Pick<SidecarOptions, "identity" | "collector"> {
  /** The inbound listener of the entry's workload. */
  to: Address;
  port: number;
}

/** The gateway for clients: plain HTTP from them, so that anybody can try it with curl, and a mesh's proxy to the sidecars. */
export function ingressConfig({ to, port, identity, collector, ...chains }: IngressOptions): ConfigObject {
  const way = (match: ConfigObject) => ({ match, route: { cluster: clusterOf(entry) } });
  const routes = [
    { match: { path: "/" }, redirect: { path_redirect: "/productpage" } },
    way({ path: "/productpage" }),
    way({ path_separated_prefix: "/api/v1/products" }),
  ];
  return bootstrap({
    node: { id: "gateway~ingress", cluster: "ingress" },
    listeners: [
      listener({ at: "ingress" }, "ingress", "ingress", entry, chains, {
        routes,
        address: { port },
        // The client is who is connected, not who a header says.
        httpConnectionManager: { use_remote_address: true },
        // Without it a second demo could take the same port, and the kernel would deal the clients out between the two.
        listener: { enable_reuse_port: false },
      }),
    ],
    clusters: [proxies(entry, [to], identity), ...collectorOf(collector)],
    bootstrap: everywhere,
  });
}
