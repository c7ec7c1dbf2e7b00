import { afterAll, beforeAll, expect, test } from "vitest";
import { type Envoy, closedLoop, openEnvoy } from "../../../harness/index.ts";
import { tracingModule } from "./support.ts";

let envoy: Envoy;
beforeAll(async () => {
  const config = { tracestate: { key: "ms" }, baggage: { allow: ["tenant"] }, response: { serverTiming: true } };
  envoy = await openEnvoy({ filters: [{ name: "tracing", wasm: await tracingModule(), config }] });
}, 120_000);
afterAll(() => envoy?.stop());

const headers = [
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"],
  ["baggage", "tenant=blue,user=ann"],
  ["user-agent", "memory"],
] as const;

async function memory() {
  const gauge = async (name: string) => Number(await envoy.stat(`wasmcustom.meshscript_tracing_${name}`));
  return { linear: await gauge("linear_memory_bytes"), arena: await gauge("arena_high_water_bytes"), objects: await gauge("live_objects") };
}

test("linear memory is at most 2 MiB, and the same after 10,000 and 1,000,000 requests", async () => {
  const first = await closedLoop(envoy.address(), { requests: 10_240, headers });
  const early = await memory();
  const more = await closedLoop(envoy.address(), { requests: 1_000_000 - 10_240, headers });
  const late = await memory();

  expect([first, more]).toEqual([new Map([[200, 10_240]]), new Map([[200, 989_760]])]);
  expect(await envoy.stat("wasmcustom.meshscript_tracing_continued_total")).toBe(1_000_000);
  expect(early.linear).toBeGreaterThan(0);
  expect(early.linear).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(late.linear).toBe(early.linear);
  expect(late.arena).toBe(early.arena);
  expect(late.objects).toBeLessThan(10_000);
  console.log(`tracing: ${late.linear} bytes of linear memory, at most ${late.arena} in the arena, ${late.objects} live objects`);
}, 300_000);
