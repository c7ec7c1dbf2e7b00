// What it costs: host calls of a request, to the last one, and memory, which does not grow, however many peers there are.
import { describe, expect, test } from "vitest";
import { type HostRequest, closedLoop, openEnvoy, openHost } from "../../../harness/index.ts";
import { twoIdentities } from "../../../test/support/two-identities.ts";
import type { PeerMetadataConfig } from "../config.ts";
import { ID, METADATA, type Workload, header } from "./struct.ts";
import { peerMetadataModule } from "./support.ts";

const { server, client } = await twoIdentities();
const wasm = await peerMetadataModule();
const chain = (config: PeerMetadataConfig) => [{ name: "peer-metadata", wasm, config }];
const peer = (n: number) => header({ name: `caller-${n}`, namespace: "shop", app: "caller", version: `v${n}`, cluster: "c1" });

describe("host calls of a request", () => {
  const [read, property, set] = ["proxy_get_header_map_pairs", "proxy_get_property", "proxy_set_property"];
  const [replace, remove] = ["proxy_replace_header_map_value", "proxy_remove_header_map_value"];
  const theirs = { [ID]: "caller-1", [METADATA]: peer(1) };

  const cases: [name: string, config: PeerMetadataConfig, request: HostRequest, answer: Record<string, string>, calls: object][] = [
    ["inbound: nobody says anything", { direction: "inbound" }, {}, {}, { [read]: 1, [remove]: 2 }],
    ["inbound: the listener says the direction", {}, {}, {}, { [property]: 1, [read]: 1, [remove]: 2 }],
    // Whether to believe it is not asked where all are believed.
    [
      "inbound: a peer is known, and gets an answer",
      { direction: "inbound", trust: "always" },
      { headers: theirs },
      {},
      { [read]: 1, [set]: 1, [remove]: 2, [replace]: 2 },
    ],
    ["inbound: a peer is not believed", { direction: "inbound" }, { headers: theirs }, {}, { [read]: 1, [property]: 1, [remove]: 4 }],
    ["inbound: an id alone", { direction: "inbound" }, { headers: { [ID]: "a" } }, {}, { [read]: 1, [remove]: 3 }],
    ["outbound: the callee has no sidecar", { direction: "outbound" }, {}, {}, { [replace]: 2, [read]: 1 }],
    [
      "outbound: the callee is known",
      { direction: "outbound", trust: "always" },
      { headers: theirs },
      theirs,
      { [replace]: 2, [read]: 1, [set]: 1, [remove]: 2 },
    ],
    [
      "outbound: it is told nothing",
      { direction: "outbound", when: [{ attribute: "xds.cluster_name", exact: "mesh" }] },
      {},
      {},
      { [property]: 1, [read]: 2 },
    ],
  ];

  test.each(cases)("%s", async (_, config, request, answer, calls) => {
    await using host = await openHost({
      filters: chain(config),
      upstreams: { app: { respond: { headers: answer } } },
      componentLogLevel: "wasm:info",
    });
    // The first request reads the peer.
    await host.request(request);
    const response = await host.request(request);

    expect(response.counts["peer-metadata"]?.hostCalls).toEqual(calls);
  });

  test("over mutual TLS one more, for the certificate", async () => {
    await using host = await openHost({ filters: chain({ direction: "inbound" }), upstreams: { app: {} }, tls: { identity: server } });
    await host.request({ headers: theirs, identity: client });
    const response = await host.request({ headers: theirs, identity: client });

    expect(response.counts["peer-metadata"]?.hostCalls).toEqual({ [read]: 1, [property]: 1, [set]: 1, [remove]: 2, [replace]: 2 });
  });
});

describe("memory", () => {
  const PREFIX = "wasmcustom.meshscript_peer_metadata_";
  const MOST = 2 * 1_024 * 1_024;

  test("in the process: 10,000 peers need as much as 20,000, each twice, and less than 2 MiB", async () => {
    await using host = await openHost({
      filters: chain({ direction: "inbound", trust: "always" }),
      upstreams: { app: {} },
      componentLogLevel: "wasm:info",
    });
    const after: object[] = [];
    for (let n = 1; n <= 20_000; n++) {
      for (let twice = 0; twice < 2; twice++) await host.request({ headers: { [METADATA]: peer(n) } });
      if (n % 10_000 === 0) after.push({ ...host.linearMemory() });
    }
    console.log(`peer-metadata: ${JSON.stringify(after)}`);

    expect(after[1]).toEqual(after[0]);
    expect(host.linearMemory()["meshscript.peer-metadata"]).toBeLessThanOrEqual(MOST);
    expect(host.failure).toBeUndefined();
  });

  test("the largest headers, of peers that mean harm, need no more than that", async () => {
    await using host = await openHost({
      filters: chain({ direction: "inbound", trust: "always" }),
      upstreams: { app: {} },
      componentLogLevel: "wasm:info",
    });
    const text = "x".repeat(256);
    const seven = { namespace: text, app: text, version: text, canonicalService: text, canonicalRevision: text, cluster: text };
    const after: object[] = [];
    for (let n = 1; n <= 4_000; n++) {
      // 256 entries, then as many bytes as are kept, then as many as are read.
      const entries = Object.fromEntries(Array.from({ length: 248 }, (_, i) => [`${i}`, ""]));
      const [workload, more] = [
        [{ ...seven, name: `${n}` }, entries],
        [{ name: `${n}` }, { filler: "y".repeat(1_750) }],
        [{ ...seven, name: `${n}` }, { filler: "y".repeat(9_000) }],
      ][n % 3] as [Workload, Record<string, string>];
      await host.request({ headers: { [METADATA]: header(workload, more) } });
      if (n % 2_000 === 0) after.push({ ...host.linearMemory() });
    }
    console.log(`peer-metadata: ${JSON.stringify(after)}`);

    expect(after[1]).toEqual(after[0]);
    expect(host.linearMemory()["meshscript.peer-metadata"]).toBeLessThanOrEqual(MOST);
    expect(host.failure).toBeUndefined();
  });

  test("in Envoy: 10,000 peers need as much as 40,000", async () => {
    await using envoy = await openEnvoy({ filters: chain({ direction: "inbound", trust: "always" }), componentLogLevel: "wasm:info" });
    const linear = async () => Number(await envoy.stat(`${PREFIX}linear_memory_bytes`));
    let from = 0;
    const run = (requests: number) => closedLoop(envoy.address(), { requests, headers: (n) => [[METADATA, peer(from + n)]] });
    expect(await run(10_000)).toEqual(new Map([[200, 10_000]]));
    const early = await linear();
    from = 10_000;
    expect(await run(30_000)).toEqual(new Map([[200, 30_000]]));
    const late = await linear();
    console.log(`peer-metadata: ${late} bytes of linear memory in Envoy`);

    expect(early).toBeGreaterThan(0);
    expect(late).toBe(early);
    expect(late).toBeLessThanOrEqual(MOST);
  }, 60_000);
});
