import { type Address, type ConfigObject, bootstrap, cluster, httpListener, route } from "../harness/index.ts";
import { type DemoFilter, type Place, chainAt, verdictFields } from "./filters.ts";
import { type Service, type Workload, entry, inbound, outbound } from "./topology.ts";

/** A listener with the filters of its place; `hop` is its name in access log and traces. */
function listener(
  place: Place,
  name: string,
  hop: string,
  to: string,
  filters: readonly DemoFilter[],
  more: ConfigObject = {},
): ConfigObject {
  return httpListener({
    name,
    filters: chainAt(place, filters),
    routes: [route(to)],
    // As in Istio: Envoy's own standard output, which the harness keeps in the run directory.
    accessLog: {
      path: "/dev/stdout",
      fields: {
        hop,
        start: "%START_TIME(%s.%6f)%",
        microseconds: "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
        ...verdictFields(),
      },
    },
    ...more,
  });
}

/** The listener's name for a service that the workload calls. */
export const outboundListener = (service: Service) => `outbound_${service}`;

export interface SidecarOptions {
  workload: Workload;
  /** Where its application listens. */
  app: Address;
  /** Inbound listeners of the workloads of each service that it calls. */
  callees: ReadonlyMap<Service, readonly Address[]>;
  filters: readonly DemoFilter[];
}

/** A sidecar: one way in, and one way out for each service that its workload calls. */
export function sidecarConfig({ workload: { name, calls }, app, callees, filters }: SidecarOptions): ConfigObject {
  const way = { listener: { traffic_direction: "OUTBOUND" } };
  return bootstrap({
    node: { id: `sidecar~${name}`, cluster: name },
    listeners: [
      listener({ at: "inbound", workload: name }, "inbound", inbound(name), "app", filters, { listener: { traffic_direction: "INBOUND" } }),
      ...calls.map((callee) =>
        listener({ at: "outbound", workload: name, callee }, outboundListener(callee), outbound(name, callee), callee, filters, way),
      ),
    ],
    // Several endpoints are several versions: they take turns.
    clusters: [cluster({ name: "app", endpoints: [app] }), ...calls.map((name) => cluster({ name, endpoints: callees.get(name) ?? [] }))],
  });
}

/** The gateway for clients. */
export function ingressConfig(to: Address, port: number, filters: readonly DemoFilter[]): ConfigObject {
  const way = (match: ConfigObject) => ({ match, route: { cluster: entry } });
  const routes = [
    { match: { path: "/" }, redirect: { path_redirect: "/productpage" } },
    way({ path: "/productpage" }),
    way({ path_separated_prefix: "/api/v1/products" }),
  ];
  return bootstrap({
    node: { id: "gateway~ingress", cluster: "ingress" },
    listeners: [
      listener({ at: "ingress" }, "ingress", "ingress", entry, filters, {
        routes,
        address: { port },
        // The client is who is connected, not who a header says.
        httpConnectionManager: { use_remote_address: true },
        // Without it a second demo could take the same port, and the kernel would deal the clients out between the two.
        listener: { enable_reuse_port: false },
      }),
    ],
    clusters: [cluster({ name: entry, endpoints: [to] })],
  });
}
