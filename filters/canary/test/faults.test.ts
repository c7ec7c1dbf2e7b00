// What the filter does when the host does not do what it is asked: never a trap, and a client's own number gets through only where nothing can be
// replaced or removed. And what it asks of the host when all is well.
import { expect, test } from "vitest";
import { type Host, everyFault, openHost } from "../../../harness/host/index.ts";
import type { CanaryConfig } from "../config.ts";
import { canaryModule } from "./support.ts";

const wasm = await canaryModule();
const HEADER = "x-meshscript-canary";
const open = (config: CanaryConfig) => openHost({ filters: [{ name: "canary", wasm, config }], upstreams: { app: {} } });
const unit = { header: "x-user" };

test.each<CanaryConfig>([{ splits: [{ unit }] }, { splits: [{ name: "a", unit }] }, {}])(
  "every host call fails in turn, with every status: %j",
  async (config) => {
    const through = new Set<string>();
    const outcomes = await everyFault(
      () => open(config),
      async (host: Host) => {
        for (const headers of [{ [HEADER]: "99" }, { "x-user": "ann", [HEADER]: "99" }, {}]) {
          expect((await host.request({ headers })).status).toBe(200);
        }
        const spoofed = host.upstream("app").requests.some((request) => request.header(HEADER) === "99");
        if (spoofed) through.add(host.faults.join());
      },
      { callbacks: ["proxy_on_request_headers"] },
    );
    const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);

    expect(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
    expect([...through].filter((name) => !/proxy_(remove|replace)_header_map_value/.test(name))).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(8);
  },
);

const [read, property] = ["proxy_get_header_map_pairs", "proxy_get_property"];
const [replace, remove] = ["proxy_replace_header_map_value", "proxy_remove_header_map_value"];
test.each<[name: string, config: CanaryConfig, headers: Record<string, string>, calls: object]>([
  ["a known user", { splits: [{ unit }] }, { "x-user": "ann" }, { [read]: 1, [replace]: 1 }],
  ["an unknown one", { splits: [{ unit }] }, {}, { [read]: 1 }],
  ["an unknown one with a number", { splits: [{ unit }] }, { [HEADER]: "99" }, { [read]: 1, [remove]: 1 }],
  ["a route that names no split", { splits: [{ name: "a", unit }] }, { "x-user": "ann" }, { [read]: 1, [property]: 1 }],
])("host calls of a request, to the last one: %s", async (_, config, headers, calls) => {
  await using host = await open(config);
  await host.request({ headers });

  expect((await host.request({ headers })).counts["canary"]?.hostCalls).toEqual(calls);
});

test("10,000 users need as much memory as 20,000", async () => {
  await using host = await open({ splits: [{ unit }] });
  const after: object[] = [];
  for (let n = 1; n <= 20_000; n++) {
    await host.request({ headers: { "x-user": `user-${n}` } });
    if (n % 10_000 === 0) after.push({ ...host.linearMemory() });
  }
  expect(after[1]).toEqual(after[0]);
});
