// What it costs: host calls of a request, to the last one, and memory, which does not grow.
import { describe, expect, test } from "vitest";
import { type HostRequest, type HostResponse, closedLoop, openEnvoy, openHost } from "../../../harness/index.ts";
import type { FaultInjectionConfig } from "../config.ts";
import { faultInjectionModule } from "./support.ts";

const wasm = await faultInjectionModule();
const NAME = "fault-injection";
const chain = (config: FaultInjectionConfig) => [{ name: NAME, wasm, config, environment: { FAULT_SECRET: "open sesame" } }];
const PREFIX = "wasmcustom.meshscript_fault_injection_";

const on = (header: string) => ({ when: [{ header, present: true }] });

describe("host calls of a request", () => {
  /** Host calls by name, without those of the report that each 1,024th request makes. */
  const callsOf = (response: HostResponse) => response.counts[NAME]?.hostCalls ?? {};
  const headers = "proxy_get_header_map_pairs";
  /** What it takes to note what a request meets: behind what another plugin may have noted. */
  const noted = { proxy_get_property: 1, proxy_set_property: 1, proxy_get_log_level: 1 };

  const cases: [name: string, config: FaultInjectionConfig, request: HostRequest, calls: Record<string, number>][] = [
    ["nothing is configured", {}, {}, {}],
    [
      "no fault has conditions, and none is met",
      { faults: [{ name: "never", abort: { percentage: 0 }, delay: { fixed: "1s", percentage: 0 } }] },
      {},
      {},
    ],
    [
      "ten faults have none, and none is met",
      { faults: Array.from({ length: 10 }, (_, n) => ({ name: `f${n}`, abort: { percentage: 0 } })) },
      {},
      {},
    ],
    ["a condition does not hold", { faults: [{ name: "some", ...on("x-some"), abort: {} }] }, {}, { [headers]: 1 }],
    [
      "ten conditions do not hold",
      { faults: Array.from({ length: 10 }, (_, n) => ({ name: `f${n}`, ...on(`x-${n}`), abort: {} })) },
      { headers: Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`x-other-${n}`, "1"])) },
      { [headers]: 1 },
    ],
    ["a seed decides against it", { seed: 1, faults: [{ name: "rare", abort: { percentage: 1e-7 } }] }, {}, { [headers]: 1 }],
    ["a seed has nothing to decide", { seed: 1, faults: [{ name: "never", abort: { percentage: 0 } }] }, {}, {}],
    [
      "it is not the time",
      { faults: [{ name: "past", during: { until: "2020-01-01T00:00:00Z" }, abort: {} }] },
      {},
      { proxy_get_current_time_nanoseconds: 1 },
    ],
    ["headers may ask for faults, and do not", { headerControl: { secret: { env: "FAULT_SECRET" } } }, {}, { [headers]: 1 }],
    [
      "it is aborted",
      { faults: [{ name: "all", abort: {} }] },
      {},
      // Twice to be bounded and looked at, once to be counted as injected; and down again when it is over.
      { proxy_increment_metric: 5, proxy_get_metric: 1, ...noted, proxy_send_local_response: 1 },
    ],
    [
      "it is delayed",
      { faults: [{ name: "all", delay: { fixed: "10ms" } }] },
      {},
      {
        ...{ proxy_increment_metric: 3, proxy_get_metric: 1, clock_time_get: 1, proxy_set_tick_period_milliseconds: 1 },
        // The timer is the root's: there and back.
        ...{ proxy_set_effective_context: 2, ...noted },
      },
    ],
  ];

  test.each(cases)("when %s", async (_, config, request, calls) => {
    await using host = await openHost({ filters: chain(config), upstreams: { app: {} }, componentLogLevel: "wasm:info" });
    // The first request of a VM may make calls that are made once.
    await host.request(request);
    const found = callsOf(await host.request(request));

    expect(found).toEqual(calls);
  });

  test("the timer is set for the first of those that wait only", async () => {
    await using host = await openHost({
      filters: chain({ faults: [{ name: "all", delay: { fixed: "10ms" } }] }),
      upstreams: { app: {} },
      componentLogLevel: "wasm:info",
    });
    const first = host.stream();
    first.end();
    host.advance("1ms");
    const second = callsOf(await host.request());

    expect(second).toEqual({ proxy_increment_metric: 3, proxy_get_metric: 1, clock_time_get: 1, ...noted });
    expect((await first.response).status).toBe(200);
  });

  test("a timer that wakes one costs seven calls, and nothing before", async () => {
    await using host = await openHost({ filters: chain({ faults: [{ name: "all", delay: { fixed: "10ms" } }] }), upstreams: { app: {} } });
    const calls = () => host.rootCounts()[NAME]?.hostCalls ?? {};
    await host.request();
    const before = calls();
    const held = host.stream();
    held.end();
    host.advance("9ms");
    expect(calls()).toEqual(before);
    host.advance("1ms");
    const since = Object.entries(calls()).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);

    expect(Object.fromEntries(since.filter(([, count]) => count > 0))).toEqual({
      ...{ clock_time_get: 1, proxy_increment_metric: 2, proxy_set_effective_context: 2, proxy_continue_stream: 1 },
      proxy_set_tick_period_milliseconds: 1,
    });
    expect((await held.response).status).toBe(200);
  });
});

describe("memory", () => {
  const config: FaultInjectionConfig = {
    responseHeader: "x-fault",
    keySlots: 1_024,
    headerControl: { secret: { env: "FAULT_SECRET" } },
    faults: [
      { name: "never", abort: { percentage: 0 }, delay: { fixed: "1s", percentage: 0 } },
      { name: "some", ...on("x-some"), key: [{ header: "x-user" }], abort: { percentage: 50 } },
      { name: "slow", ...on("x-slow"), delay: { exponential: { mean: "1ms", max: "5ms" } } },
      { name: "counted", ...on("x-count"), key: [{ header: "x-user" }], every: 3, abort: { status: 429 } },
      { name: "lying", ...on("x-lie"), response: { status: 502, set: { "x-a": "1" } } },
    ],
  };
  /** They are collected now and then: 600 to 2,600 were seen, whatever came before. */
  const OBJECTS = 5_000;
  const secret = { "x-fault-secret": "open sesame" };
  /** What each tenth request asks for; all others meet nothing. */
  const asked: Record<string, string>[] = [
    { "x-some": "1" },
    { "x-slow": "1" },
    { "x-count": "1" },
    { "x-lie": "1" },
    { ...secret, "x-envoy-fault-delay-request": "1", "x-envoy-fault-abort-request": "503" },
  ];
  const headersOf = (n: number): Record<string, string> => ({
    "x-user": `u${n % 7}`,
    ...(n % 10 === 0 ? asked[(n / 10) % asked.length] : {}),
  });

  test("in the process: the same after 10,240 and after 20,480 requests", async () => {
    await using host = await openHost({ filters: chain(config), upstreams: { app: {} } });
    const after: object[] = [];
    for (let n = 1; n <= 20_480; n++) {
      await host.request({ headers: headersOf(n) });
      if (n % 10_240 > 0) continue;
      const gauge = async (name: string) => Number(await host.stat(`${PREFIX}${name}`));
      after.push({ ...host.linearMemory(), arena: await gauge("arena_high_water_bytes") });
      expect(await gauge("live_objects")).toBeLessThan(OBJECTS);
    }

    expect(after[1]).toEqual(after[0]);
    expect(host.linearMemory()["meshscript.fault-injection"]).toBeLessThanOrEqual(2 * 1_024 * 1_024);
    expect([...(await host.stats("meshscript_fault_injection_active")).values()].filter((count) => count !== 0)).toEqual([]);
    expect(host.failure).toBeUndefined();
  });

  test("in Envoy: the same after 10,240 and after 102,400 requests", async () => {
    await using envoy = await openEnvoy({ filters: chain(config), componentLogLevel: "wasm:info" });
    const gauge = async (name: string) => Number(await envoy.stat(`${PREFIX}${name}`));
    const memory = async () => ({ linear: await gauge("linear_memory_bytes"), objects: await gauge("live_objects") });
    // Envoy answers by itself, which `response` leaves alone.
    const run = (requests: number) => closedLoop(envoy.address(), { requests, headers: (n) => Object.entries(headersOf(n)) });
    const first = await run(10_240);
    const early = await memory();
    const more = await run(92_160);
    const late = await memory();
    const statuses = (all: Map<number, number>) => [...all.keys()].sort();
    console.log(`fault-injection: ${late.linear} bytes of linear memory, ${late.objects} live objects`);

    expect([statuses(first), statuses(more)]).toEqual([
      [200, 429, 503],
      [200, 429, 503],
    ]);
    expect(early.linear).toBeGreaterThan(0);
    expect(late.linear).toBe(early.linear);
    expect(late.linear).toBeLessThanOrEqual(2 * 1_024 * 1_024);
    expect(early.objects).toBeLessThan(OBJECTS);
    expect(late.objects).toBeLessThan(OBJECTS);
    expect([...(await envoy.stats("meshscript_fault_injection_active")).values()].filter((count) => count !== 0)).toEqual([]);
  });
});
