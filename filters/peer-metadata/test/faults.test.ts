// What the filter does when the host does not do what it is asked: never a trap, and nothing of the exchange gets through but where nothing can be removed.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import { type Host, everyFault, openHost } from "../../../harness/host/index.ts";
import type { HeaderPairs } from "../../../harness/index.ts";
import type { ModuleReport } from "../../../modules/index.ts";
import type { PeerMetadataConfig } from "../config.ts";
import { ID, METADATA, header } from "./struct.ts";
import { peerMetadataModule } from "./support.ts";

const wasm = await peerMetadataModule();
const theirs = { [ID]: "evil", [METADATA]: header({ name: "evil" }) };
const filters = (config: PeerMetadataConfig) => [{ name: "peer-metadata", wasm, config }];
const open = (config: PeerMetadataConfig) => openHost({ filters: filters(config), upstreams: { app: { respond: { headers: theirs } } } });
const spoofed = (headers: HeaderPairs | undefined) =>
  (headers ?? []).some(([name, value]) => name === METADATA && value === theirs[METADATA]);

describe("every host call fails in turn, with every status", () => {
  test.each<PeerMetadataConfig>([
    { direction: "inbound", trust: "always" },
    { direction: "outbound", trust: "always" },
    { when: [{ header: "x-a", present: true }] },
  ])("%j: no trap, every request is answered, and only a removal that fails lets anything through", async (config) => {
    const through = new Set<string>();
    const outcomes = await everyFault(
      () => open({ ...config, workload: { name: "reviews" } }),
      async (host: Host) => {
        for (const headers of [theirs, {}, { ...theirs, "x-a": "1" }]) {
          const answer = await host.request({ headers });
          expect(answer.status).toBe(200);
          if (spoofed(answer.headers)) through.add(host.faults.join());
        }
        if (host.upstream("app").requests.some(({ headers }) => spoofed(headers))) through.add(host.faults.join());
      },
      { callbacks: ["proxy_on_request_headers", "proxy_on_response_headers"] },
    );
    const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);
    console.log(`peer-metadata: ${outcomes.length} runs; through with ${JSON.stringify([...through])}`);

    expect.soft(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
    expect.soft([...through].filter((name) => !/proxy_(remove|replace)_header_map_value/.test(name))).toEqual([]);
    expect(outcomes.length).toBeGreaterThanOrEqual(24);
  });
});

onBothHosts((target) => {
  async function without(name: string) {
    const { imports, callbacks } = JSON.parse(await readFile(wasm.replace(/\.wasm$/, ".report.json"), "utf8")) as ModuleReport;
    const capabilities = [...imports.map((one) => one.name), ...callbacks].filter((one) => one !== name);
    return { name: "peer-metadata", wasm, config: { direction: "inbound", trust: "always" }, capabilities };
  }

  test("without random numbers the configuration is refused, with one line that says so", async () => {
    const refusal = await target({ filters: [await without("random_get")] }).then(
      () => "it was taken",
      (error: Error) => error.message,
    );

    expect(refusal).toContain("random_get");
    expect(refusal).toContain("peer-metadata");
  });

  test.each([
    ["nothing", true],
    ["proxy_set_property", true],
    ["proxy_get_property", true],
    ["proxy_get_header_map_pairs", false],
  ])("without %s nothing gets through to the application or the peer", async (name, answers) => {
    const opened = await target({ filters: [await without(name)], upstreams: { app: { respond: { headers: theirs } } } });
    const answer = await opened.request({ headers: theirs });

    expect(answer.status).toBe(200);
    expect(opened.upstream("app").requests[0]).toHaveHeader(METADATA, []);
    expect([spoofed(answer.headers), answer.headerValues(METADATA).length]).toEqual([false, answers ? 1 : 0]);
  });
});
