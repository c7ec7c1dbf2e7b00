import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import { type Envoy, closedLoop, openEnvoy } from "../../../harness/index.ts";
import { tracingModule } from "./support.ts";

const LIMIT = 2 * 1024 * 1024;
let envoy: Envoy;

beforeAll(async () => {
  const extract = ["tracecontext", "b3", "b3multi", "jaeger"];
  const config = { extract, inject: extract, tracestate: { key: "ms" }, baggage: { allow: ["tenant"] }, response: { serverTiming: true } };
  envoy = await openEnvoy({ filters: [{ name: "tracing", wasm: await tracingModule(), config }] });
}, 120_000);
afterAll(() => envoy?.stop());

const headers: [string, string][] = [
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"],
  ["baggage", "tenant=blue,user=ann"],
  ["user-agent", "memory"],
];

const metric = async (name: string) => Number((await envoy.stat(`wasmcustom.meshscript_tracing_${name}`)) ?? 0);

async function memory() {
  return {
    linear: await metric("linear_memory_bytes"),
    arena: await metric("arena_high_water_bytes"),
    objects: await metric("live_objects"),
  };
}

test("linear memory is at most 2 MiB, and the same after 10,240 and 102,400 requests in all formats", async () => {
  const first = await closedLoop(envoy.address(), { requests: 10_240, headers });
  const early = await memory();
  const more = await closedLoop(envoy.address(), { requests: 102_400 - 10_240, headers });
  const late = await memory();

  expect([first, more]).toEqual([new Map([[200, 10_240]]), new Map([[200, 92_160]])]);
  expect(await metric("continued_total")).toBe(102_400);
  expect(early.linear).toBeGreaterThan(0);
  expect(early.linear).toBeLessThanOrEqual(LIMIT);
  expect(late.linear).toBe(early.linear);
  expect(late.arena).toBe(early.arena);
  expect(late.objects).toBeLessThan(10_000);
  console.log(`tracing: ${late.linear} bytes of linear memory, at most ${late.arena} in the arena, ${late.objects} live objects`);
}, 300_000);

test("no header that Envoy lets in by default makes linear memory grow past that", async () => {
  const size = 58 * 1024;
  const attacks: [string, string][] = [
    ["tracestate", ",".repeat(size)],
    ["tracestate", "a=1,".repeat(size / 4)],
    ["baggage", ",".repeat(size)],
    ["baggage", "a=1,".repeat(size / 4)],
    ["baggage", "tenant=1;".repeat(size / 9)],
    ["traceparent", "0".repeat(size)],
    ["b3", "0".repeat(size)],
    ["b3", "-".repeat(size)],
    ["x-b3-traceid", "0".repeat(size)],
    ["x-b3-flags", "1".repeat(size)],
    ["uber-trace-id", ":".repeat(size)],
    ["uber-trace-id", "%3A".repeat(size / 3)],
    ["x-other", "x".repeat(size)],
  ];
  for (const attack of attacks) {
    const others = headers.filter(([name]) => name !== attack[0]);
    expect((await envoy.request({ headers: [...others, attack] })).status).toBe(200);
  }
  await closedLoop(envoy.address(), { requests: 1_024, headers }); // until the gauges are set again
  const { linear, arena } = await memory();

  expect(arena).toBeGreaterThan(size);
  expect(arena).toBeLessThan(256 * 1024);
  expect(linear).toBeLessThanOrEqual(LIMIT);
});

test("with export it is the same after 10,240 and after 20,480 spans", async () => {
  const config = { export: { format: "otlp", cluster: "collector", interval: "50ms" } };
  await using exporting = await openEnvoy({
    filters: [{ name: "tracing", wasm: await tracingModule(), config }],
    routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
    upstreams: { collector: {} },
    componentLogLevel: "wasm:info",
  });
  const of = async (name: string) => Number((await exporting.stat(`wasmcustom.meshscript_tracing_${name}`)) ?? 0);
  const load = (requests: number) => closedLoop(exporting.address(), { requests, headers, path: `/${"x".repeat(300)}` });
  const first = await load(10_240);
  const early = await of("linear_memory_bytes");
  const more = await load(10_240);
  const late = await of("linear_memory_bytes");
  await eventually(async () => expect((await of("spans_exported_total")) + (await of("spans_dropped_total"))).toBe(20_480));

  expect([first, more]).toEqual([new Map([[200, 10_240]]), new Map([[200, 10_240]])]);
  expect(early).toBeGreaterThan(0);
  expect(late).toBe(early);
  expect(late).toBeLessThanOrEqual(LIMIT);
  expect(await of("export_failures_total")).toBe(0);
  expect(await of("live_objects")).toBeLessThan(10_000);
  console.log(`tracing with export: ${late} bytes of linear memory, ${await of("spans_dropped_total")} of 20,480 spans dropped`);
}, 120_000);
