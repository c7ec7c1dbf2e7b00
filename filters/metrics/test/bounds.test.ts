// However many values clients invent: so many series for a metric as it may have, in the whole process, and not a request is lost.
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import { type Target, type WasmFilterSpec, closedLoop, openEnvoy, openHost } from "../../../harness/index.ts";
import type { MetricsConfig } from "../config.ts";
import { metricsModule } from "./support.ts";

const wasm = await metricsModule();
const MOST = 50;
const OVERFLOW = "__overflow__";
const byUser: NonNullable<MetricsConfig["metrics"]>[number] = { name: "own_total", labels: { user: { header: "x-user" } } };
/** The standard metrics are out of the way. */
const quiet: MetricsConfig = { maxSeries: MOST, overrides: [{ disabled: true }] };
const filter = (config: MetricsConfig, more: Partial<WasmFilterSpec> = {}) => [{ name: "metrics", wasm, config, ...more }];
const direct = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];

interface Series {
  labels: Record<string, string>;
  count: number;
}

/** Series of a metric, those that overflowed apart. */
async function series(target: Target, metric = "own_total") {
  const stats = await target.stats(`^wasmcustom\\.(.*;\\.;)?${metric}$`);
  const all: Series[] = [...stats].map(([name, count]) => {
    const pairs = name.slice("wasmcustom.".length).split(";.;").slice(0, -1);
    return { labels: Object.fromEntries(pairs.map((pair) => pair.split("=.=") as [string, string])), count };
  });
  const over = ({ labels }: Series) => Object.values(labels).includes(OVERFLOW);
  const sum = (some: Series[]) => some.reduce((total, { count }) => total + count, 0);
  const known = all.filter((one) => !over(one));
  const rest = all.filter(over);
  return { all, known, rest, total: sum(all), overflowed: sum(rest) };
}
const overflowTotal = (target: Target) => target.stat("wasmcustom.meshscript_metrics_series_overflow_total");
const users = (some: Series[]) => some.map(({ labels }) => labels["user"]).sort();

const send = async (target: Target, values: string[], header = "x-user") => {
  for (const value of values) expect((await target.request({ headers: { [header]: value } })).status).toBe(200);
};
const counted = (target: Target, total: number, metric?: string) =>
  // Envoy writes its log behind the answer.
  eventually(async () => {
    const found = await series(target, metric);
    expect(found.total).toBe(total);
    return found;
  });
const few = (prefix: string, length: number) => Array.from({ length }, (_, n) => `${prefix}${n}`);

describe("values that never come again", () => {
  const REQUESTS = 100_000;

  test(`in the process: ${REQUESTS} leave ${MOST} series and one for the rest, and memory as it was`, async () => {
    await using host = await openHost({ filters: filter({ ...quiet, metrics: [byUser] }), routes: direct, workers: 2 });
    const memory: object[] = [];
    const objects: number[] = [];
    for (let n = 1; n <= REQUESTS; n++) {
      await host.request({ headers: { "x-user": `u${n}` } });
      if (n % (REQUESTS / 10) > 0) continue;
      memory.push(host.linearMemory());
      objects.push((await host.stat("wasmcustom.meshscript_metrics_live_objects")) ?? 0);
    }
    const found = await series(host);
    console.log(`metrics: ${JSON.stringify(memory.at(-1))} bytes of linear memory, live objects ${objects.join(" ")}`);

    expect([found.known.length, found.rest.length]).toEqual([MOST, 1]);
    expect(found.total).toBe(REQUESTS);
    expect(found.overflowed).toBe(REQUESTS - MOST);
    expect(await overflowTotal(host)).toBe(REQUESTS - MOST);
    // Those that were first, each of the workers' share.
    expect(users(found.known)).toEqual(Array.from({ length: MOST }, (_, n) => `u${n + 1}`).sort());
    expect(memory.slice(5)).toEqual(Array.from({ length: 5 }, () => memory[4]));
    expect(Math.max(...objects)).toBeLessThan(5_000);
    // Nor is there more in what the workers share.
    expect(host.sharedData("meshscript.metrics").size).toBeLessThan(2 * MOST);
    expect(host.failure).toBeUndefined();
  }, 60_000);

  test("in Envoy: two workers have one budget", async () => {
    const requests = 100_000;
    await using envoy = await openEnvoy({
      filters: filter({ ...quiet, metrics: [byUser] }),
      routes: direct,
      concurrency: 2,
      componentLogLevel: "wasm:info",
    });
    const memory = () => envoy.stat("wasmcustom.meshscript_metrics_linear_memory_bytes");
    const ever = (from: number) =>
      closedLoop(envoy.address(), { requests: requests / 2, connections: 64, headers: (n) => [["x-user", `u${from + n}`]] });
    expect(await ever(0)).toEqual(new Map([[200, requests / 2]]));
    const early = await memory();
    expect(await ever(requests)).toEqual(new Map([[200, requests / 2]]));
    const found = await series(envoy);
    // Values that were there before the budget was used up go on to be counted, by both workers.
    const known = users(found.known) as string[];
    await closedLoop(envoy.address(), { requests: 40 * MOST, headers: (n) => [["x-user", known[n % known.length] as string]] });
    const later = await series(envoy);

    expect([found.known.length, found.rest.length, found.total]).toEqual([MOST, 1, requests]);
    expect(await overflowTotal(envoy)).toBe(found.overflowed);
    expect(found.overflowed).toBe(requests - MOST);
    expect(await memory()).toBe(early);
    expect(users(later.known)).toEqual(known);
    expect(later.overflowed).toBe(found.overflowed);
    expect(later.known.map(({ count }) => count)).toEqual(known.map(() => 41));
  }, 60_000);

  // MESHSCRIPT_METRICS_REQUESTS=1000000: a million.
  const SENT = Number(process.env["MESHSCRIPT_METRICS_REQUESTS"] ?? 200_000);

  test(`in Envoy: ${SENT} paths, hosts and users leave as many series as there may be, and memory as it was`, async () => {
    const labels = {
      path: { pathTemplates: ["/users/{id}"] },
      host: { attribute: "request.host", in: ["a.example"] },
      user: { header: "x-user" },
    };
    await using envoy = await openEnvoy({
      filters: filter({ maxSeries: MOST, metrics: [{ name: "own_total", labels }] }),
      routes: direct,
      concurrency: 2,
      componentLogLevel: "wasm:info",
    });
    const TENTH = SENT / 10;
    const state = async () => ({
      memory: await envoy.stat("wasmcustom.meshscript_metrics_linear_memory_bytes"),
      stats: (await envoy.stats("^wasmcustom\\.")).size,
    });
    const after: Awaited<ReturnType<typeof state>>[] = [];
    for (let tenth = 0; tenth < 10; tenth++) {
      const at = (n: number) => tenth * TENTH + n;
      const answers = await closedLoop(envoy.address(), {
        ...{ requests: TENTH, connections: 64 },
        ...{ path: (n) => `/${n % 2 === 0 ? "users" : "x"}/${at(n)}`, host: (n) => `h${at(n)}.example` },
        headers: (n) => [["x-user", `u${at(n)}`]],
      });
      expect(answers).toEqual(new Map([[200, TENTH]]));
      after.push(await state());
    }
    const found = await counted(envoy, 10 * TENTH);
    console.log(`metrics: after ${SENT}: ${JSON.stringify(after.at(-1))}`);

    expect(after.slice(1)).toEqual(Array.from({ length: 9 }, () => after[1]));
    expect([found.known.length, found.rest.length, found.overflowed]).toEqual([MOST, 1, 10 * TENTH - MOST]);
    expect(new Set(found.known.map(({ labels }) => labels["path"]))).toEqual(new Set(["/users/{id}", "other"]));
    expect(new Set(found.known.map(({ labels }) => labels["host"]))).toEqual(new Set(["other"]));
    expect(await overflowTotal(envoy)).toBe(10 * TENTH - MOST);
  }, 240_000);

  test("in Envoy: what two workers fight for is granted once", async () => {
    // Each value comes to both workers at about the same time, and there are as many as may be: all must get in.
    const most = 2_000;
    await using envoy = await openEnvoy({
      filters: filter({ ...quiet, maxSeries: most, metrics: [byUser] }),
      routes: direct,
      concurrency: 2,
      componentLogLevel: "wasm:info",
    });
    const requests = most * 16;
    await closedLoop(envoy.address(), { requests, connections: 64, headers: (n) => [["x-user", `u${Math.floor(n / 16)}`]] });
    const found = await series(envoy);
    const again = await closedLoop(envoy.address(), { requests: 1_000, connections: 64, headers: (n) => [["x-user", `new${n}`]] });
    const later = await series(envoy);

    expect(again).toEqual(new Map([[200, 1_000]]));
    expect(found.total).toBe(requests);
    expect([found.known.length, later.known.length]).toEqual([most, most]);
    expect(later.total).toBe(requests + 1_000);
    expect(await overflowTotal(envoy)).toBe(later.overflowed);
    expect(later.overflowed - found.overflowed).toBe(1_000);
    // At the very end one worker may see what the other is about to give back.
    expect(found.overflowed).toBeLessThan(16);
  }, 60_000);
});

onBothHosts((open) => {
  const openWith = (config: MetricsConfig, more: Partial<WasmFilterSpec> = {}) =>
    open({ filters: filter(config, more), routes: direct, concurrency: 2 });
  test("standard metrics and each own one have budgets of their own, and the standard ones share theirs", async () => {
    const target = await openWith({
      maxSeries: 3,
      overrides: [{ tagOverrides: { source_app: { value: { header: "x-user" } } } }],
      metrics: [
        byUser,
        { name: "plain_total" },
        { name: "sizes", type: "HISTOGRAM", value: "response.total_size", labels: byUser.labels ?? {} },
      ],
    });
    await send(target, few("u", 10));
    const standard = await counted(target, 10, "istio_requests_total");
    const own = await counted(target, 10);
    const plain = await counted(target, 10, "plain_total");

    expect([standard.known.length, standard.rest.length, standard.overflowed]).toEqual([3, 1, 7]);
    expect([own.known.length, own.rest.length, own.overflowed]).toEqual([3, 1, 7]);
    expect(plain.all).toEqual([{ labels: {}, count: 10 }]);
    // Once for the standard metrics together, once for each own one.
    expect(await overflowTotal(target)).toBe(21);
    // Each label says so, that no query by one label takes it for a value.
    expect(new Set(Object.values(standard.rest[0]?.labels ?? {}))).toEqual(new Set([OVERFLOW]));
  });

  test("a configuration that comes later goes on with the budget that is left, and with what is known", async () => {
    const config = { ...quiet, maxSeries: 5, metrics: [byUser] };
    const target = await openWith(config);
    await send(target, few("u", 3));
    await counted(target, 3);
    await target.update({ filters: filter({ ...config, service: "other" }) });
    await send(target, [...few("u", 3), ...few("v", 4)]);
    const found = await counted(target, 10);

    expect(users(found.known)).toEqual(["u0", "u1", "u2", "v0", "v1"]);
    expect(found.overflowed).toBe(2);
    // More is allowed: more there is. Less: what there is stays, as nothing takes a series away.
    await target.update({ filters: filter({ ...config, maxSeries: 6 }) });
    await send(target, ["v2", "v3"]);
    expect(users((await counted(target, 12)).known)).toEqual(["u0", "u1", "u2", "v0", "v1", "v2"]);
    await target.update({ filters: filter({ ...config, maxSeries: 2 }) });
    await send(target, ["u0", "v2", "v4"]);
    const last = await counted(target, 15);
    expect(users(last.known)).toEqual(["u0", "u1", "u2", "v0", "v1", "v2"]);
    expect(last.overflowed).toBe(4);
  });

  test("two plugins of one process share a metric's budget", async () => {
    const config = { ...quiet, maxSeries: 5, metrics: [byUser] };
    const twice = [...filter(config), ...filter({ ...config, service: "other" }, { name: "second", vmId: "meshscript.metrics" })];
    const target = await open({ filters: twice, routes: direct, concurrency: 2 });
    await send(target, few("u", 8));
    const found = await counted(target, 16);

    expect(users(found.known)).toEqual(["u0", "u1", "u2", "u3", "u4"]);
    expect(found.overflowed).toBe(6);
  });

  test("also where a second configuration gives it other labels of the same values", async () => {
    const config = { ...quiet, maxSeries: 5, metrics: [byUser] };
    const target = await openWith(config);
    await send(target, few("u", 4));
    await counted(target, 4);
    const other: MetricsConfig = { ...config, metrics: [{ name: "own_total", labels: { customer: { header: "x-user" } } }] };
    await target.update({ filters: filter(other) });
    // Known as users, but as customers they are new series.
    await send(target, few("u", 4));
    const found = await counted(target, 8);

    expect(found.known.length).toBe(5);
    expect(found.overflowed).toBe(3);
  });

  test("values that differ only in what no label shows are one series, and take one of the budget", async () => {
    const target = await openWith({ ...quiet, maxSeries: 5, metrics: [byUser] });
    await send(target, few("x".repeat(128), 10));
    await send(target, ["a;b", "a_b", "ann", "bob"]);
    const found = await counted(target, 14);

    expect(users(found.known)).toEqual(["a_b", "ann", "bob", "x".repeat(128)]);
    expect(found.overflowed).toBe(0);
  });

  test("long values take no more memory than a label shows of them", async () => {
    const target = await openWith({ ...quiet, maxSeries: 1_000, metrics: [byUser] });
    const memory = () => target.stat("wasmcustom.meshscript_metrics_linear_memory_bytes");
    for (let n = 0; n < 2_048; n++) await target.request({ headers: { "x-user": `${n}${"x".repeat(16_000)}` } });
    const found = await counted(target, 2_048);

    expect(found.known.length).toBe(1_000);
    expect(await memory()).toBeLessThanOrEqual(2 * 1_024 * 1_024);
  }, 20_000);

  test("paths and hosts make no series, only templates and lists do", async () => {
    const target = await openWith({
      ...quiet,
      metrics: [
        {
          name: "own_total",
          labels: {
            path: { pathTemplates: ["/users/{id}", "/orders"] },
            host: { attribute: "request.host", in: ["a.example", "b.example"] },
          },
        },
      ],
    });
    for (let n = 0; n < 200; n++) {
      const path = ["/users/", "/x", "/orders?"][n % 3] as string;
      const host = n % 2 === 0 ? ["a.example", "b.example"][(n / 2) % 2] : `h${n}.example`;
      await target.request({ path: `${path}${n}`, headers: { host: host as string } });
    }
    const found = await counted(target, 200);

    expect(found.rest).toEqual([]);
    expect(new Set(found.all.map(({ labels }) => labels["path"]))).toEqual(new Set(["/users/{id}", "/orders", "other"]));
    expect(new Set(found.all.map(({ labels }) => labels["host"]))).toEqual(new Set(["a.example", "b.example", "other"]));
    expect(await overflowTotal(target)).toBe(0);
  });
});

test("a metric has one budget, whatever other metrics a configuration has beside it", async () => {
  const config: MetricsConfig = { maxSeries: 4, overrides: [{ tagOverrides: { source_app: { value: { header: "x-user" } } } }] };
  await using target = await openEnvoy({ filters: filter(config), routes: direct, concurrency: 2 });
  const bytes = async () => [...(await target.histograms("istio_request_bytes")).keys()];
  await send(target, few("u", 6));
  await counted(target, 6, "istio_requests_total");
  await eventually(async () => expect((await bytes()).length).toBe(5));
  const overrides = [...(config.overrides ?? []), { match: { metric: "REQUEST_COUNT" as const }, disabled: true }];
  await target.update({ filters: filter({ ...config, overrides }) });
  await send(target, few("v", 6));

  // Four and the one for the rest.
  await eventually(async () => expect((await bytes()).filter((name) => name.includes("=.=v"))).toEqual([]));
  await eventually(async () => expect((await bytes()).length).toBe(5));
});
