// Memory: the same after hundreds of thousands of requests, with a thousand policies, and whatever a request brings.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Envoy, closedLoop, openEnvoy } from "../../../harness/index.ts";
import { manyPolicies } from "./many-policies.ts";
import { authzModule } from "./support.ts";

const REQUESTS = 200_704;
/** With a thousand policies most of it is what reading them took: nothing can be given back before the callback ends. */
const LIMIT = 16 * 1024 * 1024;
let envoy: Envoy;

beforeAll(async () => {
  const config = { ...manyPolicies(1_000), matching: "strict" };
  envoy = await openEnvoy({ filters: [{ name: "authz", wasm: await authzModule(), config }], componentLogLevel: "wasm:info" });
}, 120_000);
afterAll(() => envoy?.stop());

const headers: [string, string][] = [
  ["x-tenant", "nobody"],
  ["x-tenant", "nobody,else"],
  ["user-agent", "memory"],
];

const metric = async (name: string) => Number((await envoy.stat(`wasmcustom.meshscript_authz_${name}`)) ?? 0);

async function memory() {
  return {
    linear: await metric("linear_memory_bytes"),
    arena: await metric("arena_high_water_bytes"),
    objects: await metric("live_objects"),
  };
}

test("linear memory with 1,000 policies is the same after 10,000 and 200,000 requests, allowed and refused", async () => {
  await closedLoop(envoy.address(), { requests: 10_240, headers, path: "/wanted" });
  const early = await memory();
  const allowed = await closedLoop(envoy.address(), { requests: REQUESTS / 2, headers, path: "/wanted" });
  const refused = await closedLoop(envoy.address(), { requests: REQUESTS / 2, headers, path: "/service-7/%2e%2e/x" });
  const late = await memory();

  expect([allowed, refused]).toEqual([new Map([[200, REQUESTS / 2]]), new Map([[403, REQUESTS / 2]])]);
  expect(early.linear).toBeGreaterThan(0);
  expect(late.linear).toBe(early.linear);
  expect(late.linear).toBeLessThanOrEqual(LIMIT);
  expect(late.objects).toBeLessThan(early.objects + 1_000);
  console.log(`authz: ${late.linear} bytes of linear memory, at most ${late.arena} in the arena, ${late.objects} live objects`);
}, 300_000);

test("no request that Envoy lets in by default makes it grow past that", async () => {
  const size = 55 * 1024;
  const before = await memory();
  const attacks: { path?: string; headers?: [string, string][] }[] = [
    { path: `/${"%2561".repeat(size / 5)}` },
    { path: `/${";a=%3b/".repeat(size / 7)}` },
    { path: `/users-5/${"-".repeat(size)}/orders` },
    { headers: [["x-tenant", ",".repeat(size)]] },
    { headers: [["x-tenant", "tenant-2,".repeat(size / 9)]] },
    { headers: [["host", "a,".repeat(size / 2)]] },
    { headers: Array.from({ length: 90 }, (): [string, string] => ["x-tenant", "t".repeat(500)]) },
  ];
  for (const attack of attacks) expect([200, 403]).toContain((await envoy.request(attack)).status);
  await closedLoop(envoy.address(), { requests: 1_024, headers }); // until the gauges are set again
  const after = await memory();

  expect(after.arena).toBeGreaterThan(size);
  expect(after.linear - before.linear).toBeLessThan(2 * 1024 * 1024);
  expect(after.linear).toBeLessThanOrEqual(LIMIT);
});
