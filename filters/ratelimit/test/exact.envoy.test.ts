// What only several workers of a real Envoy can show: that it is exact while they fight for the same bucket.
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Envoy, closedLoop, openEnvoy } from "../../../harness/index.ts";
import { builtModule } from "../../../test/support/build-once.ts";
import type { RateLimitConfig } from "../config.ts";
import { ratelimitModule } from "./support.ts";

const wasm = await ratelimitModule();
const workers = await builtModule("workers", fileURLToPath(new URL("./fixture/workers/index.ts", import.meta.url)), [
  "filters/ratelimit/test/fixture/workers",
  "sdk/assembly",
]);

const headers: [string, string][] = [["x-user", "ann"]];
const chain = (config: RateLimitConfig) => [
  { name: "ratelimit", wasm, config },
  { name: "workers", wasm: workers },
];
const roomy = (name: string) => ({ name, key: [{ header: "x-user" }], requests: 1_000_000, per: "1s" });

/** Answers a second that this machine gets through this chain. */
async function throughput(envoy: Envoy): Promise<number> {
  const from = performance.now();
  await closedLoop(envoy.address(), { requests: 5_000, headers });
  return 5_000 / ((performance.now() - from) / 1_000);
}

interface Run {
  admitted: number;
  refused: number;
  seconds: number;
}

/** As many requests as go through, until `enough` says so; asked each time that some have passed. */
async function load(envoy: Envoy, enough: (run: Run) => Promise<boolean>): Promise<Run> {
  const run: Run = { admitted: 0, refused: 0, seconds: 0 };
  const from = performance.now();
  do {
    const statuses = await closedLoop(envoy.address(), { requests: 10_000, headers, connections: 64 });
    run.admitted += statuses.get(200) ?? 0;
    run.refused += statuses.get(429) ?? 0;
    run.seconds = (performance.now() - from) / 1_000;
  } while (!(await enough(run)));
  run.seconds = (performance.now() - from) / 1_000;
  return run;
}

const counter = async (envoy: Envoy, limit: string, metric: string) =>
  (await envoy.stat(`wasmcustom.wasm_filter.ratelimit.limit=.=${limit};.;meshscript_ratelimit_${metric}_total`)) ?? 0;

/** What each worker has let through, and lets through until `since` is called. */
async function byWorker(envoy: Envoy) {
  const before = await envoy.stats("wasmcustom.worker_");
  return async () => [...(await envoy.stats("wasmcustom.worker_"))].map(([name, count]) => count - (before.get(name) ?? 0));
}

describe("two workers that fight for one bucket", () => {
  // Other limits between the look at the bucket and its charge make conflicts many times as frequent.
  const others = ["a", "b", "c", "d", "e", "f", "g", "h"].map(roomy);

  /** Opens Envoy with a limit that a quarter of what the machine can do would exceed: it may get busy with other things. */
  async function open(numbers: { batch?: number }, beside: ReturnType<typeof roomy>[], twin?: string) {
    const envoy = await openEnvoy({ filters: chain({ limits: [...beside, roomy("exact")] }), concurrency: 2 });
    try {
      const rate = Math.floor((await throughput(envoy)) / 4);
      // Two seconds' worth: a machine that is busy with other things for that long costs nothing.
      const exact = { ...roomy("exact"), requests: rate, per: "1s", burst: rate * 2, ...numbers };
      const first = twin === undefined ? [] : [{ ...exact, name: twin }];
      await envoy.update({ filters: chain({ limits: [...first, ...beside, exact], domain: "contended" }) });
      return { envoy, allowed: (seconds: number) => rate * 2 + rate * seconds };
    } catch (error) {
      await envoy.stop();
      throw error;
    }
  }

  test("admit the burst and what the rate brings, no more, and hardly less", async () => {
    const { envoy, allowed } = await open({}, others);
    await using _ = envoy;
    const shares = await byWorker(envoy);
    // All nine limits have this one key, and all are fought for.
    const retries = async () =>
      [...(await envoy.stats(";.;meshscript_ratelimit_cas_retries_total")).values()].reduce((sum, count) => sum + count, 0);
    const before = await retries();
    const conflicts = async () => (await retries()) - before;

    const run = await load(envoy, async ({ seconds }) => (seconds > 5 && (await conflicts()) >= 1_500) || seconds > 90);
    const most = allowed(run.seconds);
    console.log(
      `ratelimit: ${run.admitted} admitted of at most ${Math.floor(most)} in ${run.seconds.toFixed(1)} s, ${run.refused} refused, ${await conflicts()} conflicts, by worker ${(await shares()).join(" and ")}`,
    );

    expect(run.admitted).toBeLessThanOrEqual(most);
    expect(run.admitted).toBeGreaterThan(most * 0.95);
    expect(await conflicts()).toBeGreaterThanOrEqual(1_000);
    expect(await shares()).toHaveLength(2);
    for (const share of await shares()) expect(share).toBeGreaterThan(run.admitted * 0.2);
    expect(await counter(envoy, "exact", "cas_retries")).toBeGreaterThan(50);
    expect(await counter(envoy, "exact", "cas_exhausted")).toBe(0);
    expect(await counter(envoy, "exact", "table_full")).toBe(0);
  }, 240_000);

  test("refund what one limit was charged when the other worker has just emptied the other", async () => {
    // Two limits with the same numbers, and others between their charges.
    const { envoy, allowed } = await open({}, others, "twin");
    await using _ = envoy;

    const run = await load(envoy, async ({ seconds }) => (seconds > 3 && (await counter(envoy, "twin", "refunded")) > 0) || seconds > 60);

    expect(await counter(envoy, "twin", "refunded")).toBeGreaterThan(0);
    expect(await counter(envoy, "exact", "refunded")).toBe(0);
    // What was refunded is not among what it admitted.
    expect(await counter(envoy, "twin", "admitted")).toBe(run.admitted);
    expect(run.admitted).toBeLessThanOrEqual(allowed(run.seconds));
    expect(run.admitted).toBeGreaterThan(allowed(run.seconds) * 0.95);
  }, 120_000);

  test("admit at most their batches more when each buys ten at once", async () => {
    const { envoy, allowed } = await open({ batch: 10 }, []);
    await using _ = envoy;
    const shares = await byWorker(envoy);

    const run = await load(envoy, async ({ seconds }) => seconds > 5);

    expect(run.admitted).toBeLessThanOrEqual(allowed(run.seconds) + 2 * 9);
    expect(run.admitted).toBeGreaterThan(allowed(run.seconds) * 0.95);
    for (const share of await shares()) expect(share).toBeGreaterThan(run.admitted * 0.2);
  });
});

/** Of a million the same is true: `MESHSCRIPT_RATELIMIT_REQUESTS=1000000`. It takes minutes. */
const EVER_NEW = Number(process.env["MESHSCRIPT_RATELIMIT_REQUESTS"] ?? 200_000);

test("ever new keys leave memory as it is, and admit no key more than it may", async () => {
  const limits = [{ name: "per-user", key: [{ header: "x-user" }], requests: 1, per: "1h", burst: 5 }];
  await using envoy = await openEnvoy({ filters: chain({ limits, keySlots: 4_096 }) });
  const memory = () => envoy.stat("wasmcustom.meshscript_ratelimit_linear_memory_bytes");
  const victim = () => closedLoop(envoy.address(), { requests: 20, headers, connections: 1 });
  const ever = (from: number, requests: number) => closedLoop(envoy.address(), { requests, headers: (n) => [["x-user", `u${from + n}`]] });

  expect(await victim()).toEqual(
    new Map([
      [200, 5],
      [429, 15],
    ]),
  );
  const first = await ever(0, EVER_NEW / 10);
  const early = await memory();
  const more = await ever(EVER_NEW / 10, (EVER_NEW * 9) / 10);

  // The table is full of keys that are live for an hour, and stays so.
  expect((first.get(200) ?? 0) + (more.get(200) ?? 0)).toBeLessThanOrEqual(4_096);
  expect(first.get(200)).toBeGreaterThan(3_500);
  expect(await counter(envoy, "per-user", "table_full")).toBeGreaterThan(EVER_NEW - 10_000);
  expect(await victim()).toEqual(new Map([[429, 20]]));
  expect(early).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(await memory()).toBe(early);
}, 300_000);
