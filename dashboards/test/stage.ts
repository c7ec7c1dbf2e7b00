import { statsConfigOfAllFilters } from "../../filters/metrics/stat-tags.ts";
import { type Envoy, type WasmFilterSpec, bootstrap, cluster, httpListener, openEnvoy, route } from "../../harness/index.ts";

const filter = (name: string, config: object): WasmFilterSpec => ({ name, wasm: `build/${name}.wasm`, config });

const policy = {
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  metadata: { name: "readers", namespace: "shop" },
  spec: { action: "ALLOW", rules: [{ to: [{ operation: { notPaths: ["/secret"] } }] }] },
};

/** All filters in one chain, each with something to count, and each told to. */
const filters = [
  filter("tracing", { export: { format: "zipkin", cluster: "collector", interval: "10ms" } }),
  filter("authz", { policies: [policy] }),
  filter("ratelimit", { limits: [{ name: "per-user", requests: 1, per: "1h", key: [{ header: "x-user", onMissing: "skip" }] }] }),
  filter("fault-injection", { faults: [{ name: "late", when: [{ header: "x-late", present: true }], delay: { fixed: "1ms" } }] }),
  filter("metrics", {
    reporter: "destination",
    workload: { name: "orders-v1", namespace: "shop" },
    service: "orders.shop.svc.cluster.local",
  }),
];

/** A real Envoy that has every filter, after requests of every kind that a dashboard has a panel for. */
export async function openStage(): Promise<Envoy> {
  // The upstreams' addresses come into the clusters of the same names.
  const endpoints = [{ host: "127.0.0.1", port: 1 }];
  const envoy = await openEnvoy({
    config: bootstrap({
      listeners: [httpListener({ filters, routes: [route("app")] })],
      clusters: [cluster({ name: "app", protocol: "h2c", endpoints }), cluster({ name: "collector", endpoints })],
      bootstrap: { stats_config: statsConfigOfAllFilters() },
    }),
    upstreams: { app: { protocol: "h2c" }, collector: { respond: () => ({ status: 202 }) } },
  });
  const get = (path: string, headers: Record<string, string> = {}) => envoy.request({ path, headers });
  await get("/");
  await get("/secret");
  for (let n = 0; n < 2; n++) await get("/", { "x-user": "ann" });
  await get("/", { "x-late": "1" });
  const grpc = { "content-type": "application/grpc", te: "trailers" };
  await envoy.request({ path: "/orders.Orders/Get", method: "POST", headers: grpc, body: "\0\0\0\0\0", protocol: "h2c" });
  return envoy;
}

/** How many requests that is. */
export const SENT = 6;
