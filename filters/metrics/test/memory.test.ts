// What it costs: host calls of a request, to the last one, and memory, which does not grow.
import { describe, expect, test } from "vitest";
import { type HostRequest, type HostResponse, closedLoop, openEnvoy, openHost } from "../../../harness/index.ts";
import type { MetricsConfig } from "../config.ts";
import { metricsModule } from "./support.ts";

const wasm = await metricsModule();
const chain = (config: MetricsConfig) => [{ name: "metrics", wasm, config }];

describe("host calls of a request", () => {
  const callsOf = (response: HostResponse) => response.counts["metrics"]?.hostCalls ?? {};
  const property = "proxy_get_property";
  /** The content type alone: no label asks for another header. */
  const headers = "proxy_get_header_map_value";
  const all = "proxy_get_header_map_pairs";
  const count = "proxy_increment_metric";
  const record = "proxy_record_metric";
  const none = [{ disabled: true }];
  const destination = { reporter: "destination" } as const;
  const grpc: HostRequest = { method: "POST", protocol: "h2c", headers: { "content-type": "application/grpc", te: "trailers" } };

  const cases: [name: string, config: MetricsConfig, request: HostRequest, calls: Record<string, number>][] = [
    // Code, flags, the peer's certificate, duration, both sizes; the content type; a counter and three histograms.
    ["all standard metrics are there", destination, {}, { [headers]: 1, [property]: 6, [count]: 1, [record]: 3 }],
    [
      "it has forty headers",
      destination,
      { headers: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`x-${n}`, "1"])) },
      {
        ...{ [headers]: 1, [property]: 6, [count]: 1, [record]: 3 },
      },
    ],
    // The listener's direction.
    ["the listener says the side", {}, {}, { [headers]: 1, [property]: 7, [count]: 1, [record]: 3 }],
    // The upstream's certificate and the cluster, instead of the peer's.
    ["it is the source's", { reporter: "source" }, {}, { [headers]: 1, [property]: 7, [count]: 1, [record]: 3 }],
    // The status, and the messages that grpc_stats could have counted.
    ["it is gRPC", destination, grpc, { [headers]: 1, [property]: 8, [count]: 1, [record]: 3 }],
    [
      "only requests are counted",
      {
        ...destination,
        overrides: ["REQUEST_DURATION", "REQUEST_SIZE", "RESPONSE_SIZE"].map((metric) => ({
          match: { metric: metric as "REQUEST_SIZE" },
          disabled: true,
        })),
      },
      {},
      { [headers]: 1, [property]: 3, [count]: 1 },
    ],
    [
      "an own metric has labels from headers and the path",
      {
        ...destination,
        metrics: [{ name: "own_total", labels: { user: { header: "x-user" }, path: { pathTemplates: ["/users/{id}"] } } }],
      },
      { path: "/users/7", headers: { "x-user": "ann" } },
      { [headers]: 1, [all]: 1, [property]: 6, [count]: 2, [record]: 3 },
    ],
    [
      "four own metrics measure the same",
      { ...destination, metrics: [1, 2, 3, 4].map((n) => ({ name: `own_${n}`, type: "HISTOGRAM", value: "request.duration" }) as const) },
      {},
      { [headers]: 1, [property]: 6, [count]: 1, [record]: 7 },
    ],
    [
      "an own metric's conditions do not hold",
      { ...destination, metrics: [{ name: "own_total", when: [{ header: "x-none", present: true }] }] },
      {},
      { [headers]: 1, [all]: 1, [property]: 6, [count]: 1, [record]: 3 },
    ],
    // Nothing is asked of the stream that no metric would say.
    [
      "only an own metric without labels is there",
      { ...destination, overrides: none, metrics: [{ name: "own_total" }] },
      {},
      { [count]: 1 },
    ],
  ];

  test.each(cases)("when %s", async (_, config, request, calls) => {
    await using host = await openHost({ filters: chain(config), upstreams: { app: {} }, componentLogLevel: "wasm:info" });
    // The first request makes the series.
    await host.request(request);
    const found = callsOf(await host.request(request));

    expect(found).toEqual(calls);
  });

  test("above the budget two looks more for each metric, and its counter", async () => {
    const metrics = [{ name: "own_total", labels: { user: { header: "x-user" } } }];
    const config: MetricsConfig = { ...destination, maxSeries: 1, overrides: none, metrics };
    await using host = await openHost({ filters: chain(config), upstreams: { app: {} }, componentLogLevel: "wasm:info" });
    for (const user of ["u1", "u2"]) await host.request({ headers: { "x-user": user } });
    const calls = callsOf(await host.request({ headers: { "x-user": "u3" } }));

    expect([calls["proxy_get_shared_data"], calls["proxy_set_shared_data"], calls[count], calls["proxy_define_metric"]]).toEqual([
      ...[2, undefined, 2, undefined],
    ]);
  });
});

describe("memory", () => {
  const config: MetricsConfig = {
    maxSeries: 100,
    workload: { name: "reviews-v1", namespace: "default", app: "reviews", version: "v1" },
    service: "reviews.default.svc.cluster.local",
    overrides: [{ tagOverrides: { route: { value: { pathTemplates: ["/users/{id}", "/orders"] } } } }],
    metrics: [
      { name: "own_total", labels: { user: { header: "x-user" }, method: { attribute: "request.method" } } },
      { name: "sizes", type: "HISTOGRAM", value: "response.size", labels: { plan: { header: "x-plan", in: ["gold", "silver"] } } },
      { name: "slow_total", value: "request.duration", when: [{ header: "x-slow", present: true }] },
    ],
  };
  /** They are collected now and then: 600 to 3,700 were seen, whatever came before. */
  const OBJECTS = 5_000;
  const headersOf = (n: number): [string, string][] => [
    ["x-user", `u${n % 150}`],
    ["x-plan", ["gold", "silver", `p${n}`][n % 3] as string],
    ...(n % 10 === 0 ? ([["x-slow", "1"]] as [string, string][]) : []),
  ];
  const pathOf = (n: number) => ["/users/7", "/orders", `/x${n}`][n % 3] as string;
  const PREFIX = "wasmcustom.meshscript_metrics_";

  test("in the process: the same after 10,240 and after 20,480 requests, nothing allocated for the host", async () => {
    await using host = await openHost({ filters: chain(config), upstreams: { app: {} }, componentLogLevel: "wasm:info" });
    const after: object[] = [];
    for (let n = 1; n <= 20_480; n++) {
      await host.request({ path: pathOf(n), headers: headersOf(n) });
      if (n % 10_240 > 0) continue;
      const gauge = async (name: string) => Number(await host.stat(`${PREFIX}${name}`));
      after.push({ ...host.linearMemory(), arena: await gauge("arena_high_water_bytes") });
      expect(await gauge("live_objects")).toBeLessThan(OBJECTS);
    }
    console.log(`metrics: ${JSON.stringify(after)}`);

    expect(after[1]).toEqual(after[0]);
    expect(host.linearMemory()["meshscript.metrics"]).toBeLessThanOrEqual(2 * 1_024 * 1_024);
    expect(host.failure).toBeUndefined();
  });

  test("in Envoy: the same after 10,240 and after 102,400 requests", async () => {
    await using envoy = await openEnvoy({ filters: chain(config), componentLogLevel: "wasm:info" });
    const gauge = async (name: string) => Number(await envoy.stat(`${PREFIX}${name}`));
    const memory = async () => ({ linear: await gauge("linear_memory_bytes"), objects: await gauge("live_objects") });
    const run = (requests: number) => closedLoop(envoy.address(), { requests, headers: headersOf, path: "/users/7" });
    expect(await run(10_240)).toEqual(new Map([[200, 10_240]]));
    const early = await memory();
    expect(await run(92_160)).toEqual(new Map([[200, 92_160]]));
    const late = await memory();
    console.log(`metrics: ${late.linear} bytes of linear memory, ${late.objects} live objects`);

    expect(early.linear).toBeGreaterThan(0);
    expect(late.linear).toBe(early.linear);
    expect(late.linear).toBeLessThanOrEqual(2 * 1_024 * 1_024);
    expect(Math.max(early.objects, late.objects)).toBeLessThan(OBJECTS);
  }, 60_000);
});
