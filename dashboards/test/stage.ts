import { statsConfigOfAllFilters } from "../../filters/metrics/stat-tags.ts";
import { eventually } from "../../harness/expect/index.ts";
import {
  type Envoy,
  type NativeFilterSpec,
  type WasmFilterSpec,
  bootstrap,
  cluster,
  httpListener,
  openEnvoy,
  route,
  tcpListener,
} from "../../harness/index.ts";

const filter = (name: string, config: object): WasmFilterSpec => ({ name, wasm: `build/${name}.wasm`, config });

const policy = {
  apiVersion: "security.istio.io/v1",
  kind: "AuthorizationPolicy",
  metadata: { name: "readers", namespace: "shop" },
  spec: { action: "ALLOW", rules: [{ to: [{ operation: { notPaths: ["/secret"] } }] }] },
};

const metrics = (workload: string) =>
  filter("metrics", { reporter: "destination", workload: { name: workload, namespace: "shop" }, service: "orders.shop.svc.cluster.local" });

/** Counts gRPC's messages for the metrics filter. */
const grpcStats: NativeFilterSpec = {
  name: "envoy.filters.http.grpc_stats",
  typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", emit_filter_state: true },
};

/** All filters in one chain, each with something to count, and each told to. */
const filters = [
  filter("tracing", { export: { format: "zipkin", cluster: "collector", interval: "10ms" } }),
  filter("peer-metadata", { workload: { name: "orders-v1", namespace: "shop" } }),
  filter("authz", { policies: [policy] }),
  filter("ratelimit", { limits: [{ name: "per-user", requests: 1, per: "1h", key: [{ header: "x-user", onMissing: "skip" }] }] }),
  filter("fault-injection", { faults: [{ name: "late", when: [{ header: "x-late", present: true }], delay: { fixed: "1ms" } }] }),
  metrics("orders-v1"),
  grpcStats,
];

/** A real Envoy that has every filter, after requests of every kind that a dashboard has a panel for. */
export async function openStage(): Promise<Envoy> {
  // The upstreams' addresses come into the clusters of the same names.
  const endpoints = [{ host: "127.0.0.1", port: 1 }];
  const envoy = await openEnvoy({
    config: bootstrap({
      listeners: [
        httpListener({ filters, routes: [route("app")] }),
        tcpListener({ name: "tcp", filters: [metrics("redis-v1")], cluster: "redis" }),
      ],
      clusters: [
        cluster({ name: "app", protocol: "h2c", endpoints }),
        cluster({ name: "redis", protocol: "tcp", endpoints }),
        cluster({ name: "collector", endpoints }),
      ],
      bootstrap: { stats_config: statsConfigOfAllFilters() },
    }),
    upstreams: { app: { protocol: "h2c" }, redis: { protocol: "tcp" }, collector: { respond: () => ({ status: 202 }) } },
  });
  const get = (path: string, headers: Record<string, string> = {}) => envoy.request({ listener: "main", path, headers });
  await get("/");
  await get("/secret");
  for (let n = 0; n < 2; n++) await get("/", { "x-user": "ann" });
  await get("/", { "x-late": "1" });
  const grpc = { "content-type": "application/grpc", te: "trailers" };
  await envoy.request({ listener: "main", path: "/orders.Orders/Get", method: "POST", headers: grpc, body: "\0\0\0\0\0", protocol: "h2c" });
  const client = envoy.connect({ listener: "tcp" });
  client.write("PING");
  await eventually(() => {
    if (envoy.upstream("redis").connections[0]?.text() !== "PING") throw new Error("not there yet");
  });
  client.reset();
  return envoy;
}

/** How many requests that is. */
export const SENT = 6;
