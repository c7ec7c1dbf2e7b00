// What fusing saves, and that nothing is left behind.
import { describe, expect, test } from "vitest";
import { openHost } from "../../harness/host/index.ts";
import { type WasmFilterSpec, closedLoop, openEnvoy } from "../../harness/index.ts";
import { filterModule } from "../../test/support/build-once.ts";
import { meshModule } from "./support.ts";

const mesh = await meshModule();
const configs = {
  tracing: {},
  authz: { policies: [] },
  ratelimit: { limits: [{ name: "per-user", key: [{ header: "x-user" }], requests: 1_000_000, per: "1s" }] },
  "fault-injection": { faults: [{ name: "bob", when: [{ header: "x-user", exact: "bob" }], abort: { status: 503 } }] },
  metrics: { reporter: "destination" },
};
const fused: WasmFilterSpec[] = [
  { name: "mesh", wasm: mesh, config: { filters: Object.entries(configs).map(([name, config]) => ({ name, config })) } },
];

describe("a request through five filters", () => {
  const calls = async (filters: WasmFilterSpec[]) => {
    await using host = await openHost({ filters, upstreams: { app: {} }, componentLogLevel: "wasm:info" });
    const request = { headers: { "x-user": "ann" } };
    for (let n = 0; n < 3; n++) await host.request(request);
    const { counts } = await host.request(request);
    const sum: Record<string, number> = {};
    for (const one of Object.values(counts)) {
      for (const [name, times] of [...Object.entries(one.hostCalls), ...Object.entries(one.callbacks)])
        sum[name] = (sum[name] ?? 0) + times;
    }
    return sum;
  };

  test("reads the headers once and enters the VM once for each callback; in a chain each filter does", async () => {
    const separate = await Promise.all(
      Object.entries(configs).map(async ([name, config]) => ({
        name,
        wasm: await filterModule(name),
        config,
      })),
    );
    const [one, five] = [await calls(fused), await calls(separate)];
    console.log(`fused: ${JSON.stringify(one)}\nchain: ${JSON.stringify(five)}`);

    expect(one["proxy_get_header_map_pairs"]).toBe(1);
    expect(five["proxy_get_header_map_pairs"]).toBeGreaterThanOrEqual(3);
    for (const callback of ["proxy_on_request_headers", "proxy_on_context_create", "proxy_on_delete"]) expect(one[callback]).toBe(1);
    const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, times) => sum + times, 0);
    expect(total(one)).toBeLessThan(total(five) - 10);
  });
});

test("linear memory is the same after 10,240 and after 20,480 requests", async () => {
  await using host = await openHost({ filters: fused, upstreams: { app: {} }, componentLogLevel: "wasm:info" });
  const after: (number | undefined)[] = [];
  for (let n = 1; n <= 20_480; n++) {
    await host.request({ path: `/x${n % 7}`, headers: { "x-user": ["ann", "bob", `u${n % 50}`][n % 3] as string } });
    if (n % 10_240 === 0) after.push(host.linearMemory()["meshscript.mesh"]);
  }

  expect(after[1]).toBe(after[0]);
  expect(after[1]).toBeLessThanOrEqual(2 * 1_024 * 1_024);
  expect(host.failure).toBeUndefined();
}, 60_000);

test("in Envoy it is the same after 10,240 and after 102,400 requests", async () => {
  await using envoy = await openEnvoy({ filters: fused, componentLogLevel: "wasm:info" });
  const memory = () => envoy.stat("wasmcustom.meshscript_metrics_linear_memory_bytes");
  const run = (requests: number) => closedLoop(envoy.address(), { requests, headers: (n) => [["x-user", `u${n % 50}`]] });
  expect(await run(10_240)).toEqual(new Map([[200, 10_240]]));
  const early = await memory();
  expect(await run(92_160)).toEqual(new Map([[200, 92_160]]));

  expect(early).toBeGreaterThan(0);
  expect(await memory()).toBe(early);
}, 90_000);
