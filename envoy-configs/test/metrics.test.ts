import { describe, expect, test } from "vitest";
import { standardLabels } from "../../filters/metrics/config.ts";
import { eventually } from "../../harness/expect/index.ts";
import { type Envoy, openEnvoy, samplesOf } from "../../harness/index.ts";

const open = () =>
  openEnvoy({ config: "envoy-configs/metrics.yaml", ephemeralPorts: true, upstreams: { app: {}, redis: { protocol: "tcp" } } });

const samples = async (envoy: Envoy, metric: string) => samplesOf(await envoy.prometheus(), metric);

describe("metrics.yaml", () => {
  test("has Istio's metrics with Istio's labels, and one of its own", async () => {
    await using envoy = await open();
    const post = (path: string) => envoy.request({ listener: "inbound", method: "POST", path, headers: { "x-tenant": "blue" }, body: "x" });
    for (const path of ["/orders", "/orders/7", "/orders/8"]) expect((await post(path)).status).toBe(200);
    await envoy.request({ listener: "inbound", path: "/" });

    await eventually(async () => expect((await samples(envoy, "istio_requests_total"))[0]?.value).toBe(4));
    const [requests] = await samples(envoy, "istio_requests_total");
    // Prometheus takes an empty label for none.
    expect(Object.keys(requests?.labels ?? {}).sort()).toEqual(expect.arrayContaining([...standardLabels].sort()));
    expect(requests?.labels).toMatchObject({
      ...{ reporter: "destination", destination_workload: "orders-v1", destination_workload_namespace: "shop" },
      ...{ destination_service: "orders.shop.svc.cluster.local", destination_service_name: "orders", source_workload: "unknown" },
      ...{ response_code: "200", response_flags: "-", request_protocol: "http", connection_security_policy: "none" },
    });
    const orders = await samples(envoy, "orders_total");
    expect(orders.map(({ labels: { tenant, path, code }, value }) => [tenant, path, code, value]).sort()).toEqual([
      ["blue", "/orders", "200", 1],
      ["blue", "/orders/{id}", "200", 2],
    ]);
    // Nothing is missing in the list of capabilities: the host would have refused it.
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });

  test("measures durations and sizes in the buckets that it names", async () => {
    await using envoy = await open();
    await envoy.request({ listener: "inbound", method: "POST", path: "/orders", body: "x".repeat(1_000) });
    await eventually(async () => expect((await samples(envoy, "istio_request_bytes_count"))[0]?.value).toBe(1), { timeout: 15_000 });
    const buckets = (await samples(envoy, "istio_request_bytes_bucket")).map(({ labels, value }) => [labels["le"], value]);

    expect(buckets).toContainEqual(["512", 0]);
    expect(buckets).toContainEqual(["4096", 1]);
    expect((await samples(envoy, "istio_request_duration_milliseconds_bucket")).map(({ labels }) => labels["le"])).toContain("2500");
  });

  test("counts the connections of its second listener, and the messages of calls", async () => {
    await using envoy = await open();
    const client = envoy.connect({ listener: "inbound-tcp" });
    client.write("PING");
    await eventually(() => expect(envoy.upstream("redis").connections[0]?.text()).toBe("PING"));
    client.reset();
    await envoy.request({
      ...{ listener: "inbound", method: "POST", path: "/shop.Orders/List", body: Buffer.from("\0\0\0\0\0".repeat(3)) },
      headers: { "content-type": "application/grpc", te: "trailers" },
    });

    await eventually(async () => expect((await samples(envoy, "istio_tcp_received_bytes_total"))[0]?.value).toBe(4));
    const [closed] = await samples(envoy, "istio_tcp_connections_closed_total");
    expect(closed).toMatchObject({ value: 1, labels: { request_protocol: "tcp", destination_workload: "redis-v1" } });
    await eventually(async () => expect((await samples(envoy, "istio_request_messages_total"))[0]?.value).toBe(3));
    expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  });
});
