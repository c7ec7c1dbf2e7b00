// Messages of gRPC calls, which Envoy's own grpc_stats counts: a filter that counted them would have to see every body.
import { describe, expect, test } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import { type Envoy, type FilterSpec, openEnvoy } from "../../../harness/index.ts";
import type { MetricsConfig } from "../config.ts";
import { counted, metricsModule, seriesOf } from "./support.ts";

const wasm = await metricsModule();
const metrics = (config: MetricsConfig) => ({ name: "metrics", wasm, config: { reporter: "destination", ...config } });
const grpcStats = (settings: object = { emit_filter_state: true }) => ({
  name: "envoy.filters.http.grpc_stats",
  typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", ...settings },
});

const grpc = { "content-type": "application/grpc" };
/** So many messages, each of one byte, in gRPC's framing. */
const messages = (count: number) => Buffer.from("\0\0\0\0\x01x".repeat(count));
const open = (filters: FilterSpec[]) =>
  openEnvoy({
    filters,
    httpConnectionManager: { codec_type: "AUTO" },
    upstreams: {
      app: {
        protocol: "h2c",
        respond: ({ path }) =>
          path === "/demo.Words/only"
            ? { headers: { ...grpc, "grpc-status": "7" } }
            : { headers: grpc, body: messages(Number(path.slice(path.lastIndexOf("/") + 1))), trailers: { "grpc-status": "0" } },
      },
    },
  });
const call = (envoy: Envoy, path: string, count: number, headers: Record<string, string> = grpc) =>
  envoy.request({ protocol: "h2c", method: "POST", path: `/demo.Words/${path}`, headers, body: messages(count) });
const sum = async (envoy: Envoy, metric: string) => (await seriesOf(envoy, metric)).reduce((all, { count }) => all + count, 0);

describe("with grpc_stats", () => {
  test("messages of calls are counted in both directions, under the call's own labels", async () => {
    await using envoy = await open([metrics({}), grpcStats()]);
    await call(envoy, "3", 1);
    await call(envoy, "1", 40);
    await call(envoy, "only", 2);
    await counted(envoy, 3);

    await eventually(async () => expect(await sum(envoy, "istio_request_messages_total")).toBe(43));
    expect(await sum(envoy, "istio_response_messages_total")).toBe(4);
    const byStatus = (await seriesOf(envoy, "istio_request_messages_total")).map(
      ({ labels, count }) => `${labels["request_protocol"]} ${labels["grpc_response_status"]}: ${count}`,
    );
    expect(byStatus.sort()).toEqual(["grpc 0: 41", "grpc 7: 2"]);
  });

  test("they are grpc_stats's own sums", async () => {
    await using envoy = await open([grpcStats({ emit_filter_state: true, stats_for_all_methods: true }), metrics({})]);
    for (let n = 0; n < 20; n++) await call(envoy, String(n % 4), 1 + (n % 7));
    await counted(envoy, 20);
    const own = async (name: string) => [...(await envoy.stats(`grpc\\..*\\.${name}$`)).values()].reduce((all, one) => all + one, 0);

    const sent = Array.from({ length: 20 }, (_, n) => 1 + (n % 7)).reduce((all, one) => all + one, 0);
    expect([await sum(envoy, "istio_request_messages_total"), await sum(envoy, "istio_response_messages_total")]).toEqual([sent, 30]);
    expect([await own("request_message_count"), await own("response_message_count")]).toEqual([sent, 30]);
  });

  test("a request that is no gRPC has no messages, whatever its body looks like", async () => {
    await using envoy = await open([metrics({}), grpcStats()]);
    await call(envoy, "2", 2, { "content-type": "application/octet-stream" });
    await counted(envoy, 1);

    expect(await seriesOf(envoy, "istio_request_messages_total")).toEqual([]);
    expect(await seriesOf(envoy, "istio_response_messages_total")).toEqual([]);
  });

  test("overrides name them as Istio's Telemetry API does", async () => {
    const overrides: MetricsConfig["overrides"] = [
      { match: { metric: "GRPC_REQUEST_MESSAGES" }, disabled: true },
      { match: { metric: "GRPC_RESPONSE_MESSAGES" }, tagOverrides: { grpc_response_status: { operation: "REMOVE" } } },
    ];
    await using envoy = await open([metrics({ overrides }), grpcStats()]);
    await call(envoy, "2", 5);
    await counted(envoy, 1);
    const responses = await seriesOf(envoy, "istio_response_messages_total");

    expect(await seriesOf(envoy, "istio_request_messages_total")).toEqual([]);
    expect(responses.map(({ count }) => count)).toEqual([2]);
    expect(Object.keys(responses[0]?.labels ?? {})).not.toContain("grpc_response_status");
  });
});

test.each([
  ["without grpc_stats", []],
  ["without its emit_filter_state", [grpcStats({})]],
])("%s calls are counted, and no messages", async (_, others) => {
  await using envoy = await open([metrics({}), ...others]);
  await call(envoy, "3", 1);
  await counted(envoy, 1);

  expect(await seriesOf(envoy, "istio_request_messages_total")).toEqual([]);
  expect((await seriesOf(envoy, "istio_requests_total"))[0]?.labels).toMatchObject({ request_protocol: "grpc", grpc_response_status: "0" });
});
