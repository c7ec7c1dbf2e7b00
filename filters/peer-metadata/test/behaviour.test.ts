// What the filter does on one side, of what the other side, the application and clients send. Two sidecars in a row: two-envoys.test.ts.
import { describe, expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import type { EnvoyRequest, HeaderPairs, HeadersInput, Target, TargetOptions } from "../../../harness/index.ts";
import { twoIdentities } from "../../../test/support/two-identities.ts";
import type { PeerMetadataConfig } from "../config.ts";
import { ID, METADATA, type Workload, header, record } from "./struct.ts";
import { peerMetadataModule } from "./support.ts";

const { authority, server, client } = await twoIdentities();
const wasm = await peerMetadataModule();

const reviews: Workload = {
  ...{ name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", cluster: "c2" },
  ...{ canonicalService: "reviews", canonicalRevision: "r2" },
};
const productpage: Workload = { ...reviews, name: "productpage-v1", app: "productpage", namespace: "shop" };
const evil = header({ ...reviews, name: "evil" });
const NODE = "meshscript";
const own = [
  [METADATA, header(reviews)],
  [ID, NODE],
];
const theirs = { [ID]: "productpage-1", [METADATA]: header(productpage) };

/** The exchange's headers, in any case, in the order of their names. */
const ours = (headers: HeaderPairs | undefined) =>
  headers?.filter(([name]) => name.toLowerCase().startsWith("x-envoy-peer-metadata")).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** What no peer's proxy sends, as names and values. */
const junk: [what: string, headers: HeadersInput][] = [
  ["an id alone", { [ID]: "evil" }],
  ["an empty value", { [ID]: "evil", [METADATA]: "" }],
  ["an empty id and value", { [ID]: "", [METADATA]: "" }],
  ["no base64", { [METADATA]: "evil!" }],
  ["base64 of no struct", { [METADATA]: Buffer.from("evil").toString("base64") }],
  ["base64 that is cut off", { [METADATA]: header(productpage).slice(0, -5) }],
  ["more than 16 KiB", { [METADATA]: header(productpage, { filler: "x".repeat(13_000) }) }],
  ["two of them", [...Object.entries(theirs), [METADATA, header(productpage)]]],
  ["two, the first empty", [[METADATA, ""], ...Object.entries(theirs)]],
  ["two, the last empty", [...Object.entries(theirs), [METADATA, ""]]],
  ["two on one line", { [METADATA]: `${header(productpage)},${evil}` }],
  ["two ids", [...Object.entries(theirs), [ID, "evil"]]],
  [
    "two in different cases",
    [
      ["X-Envoy-Peer-Metadata", header(productpage)],
      ["x-ENVOY-peer-METADATA", evil],
    ],
  ],
];

onBothHosts((open) => {
  type Kind = "plain" | "mutual TLS" | "optional TLS" | "unrouted";
  const optionsOf = (kind: Kind): Partial<TargetOptions> => {
    if (kind === "plain") return {};
    if (kind === "unrouted") return { routes: [] };
    return { tls: { identity: server, clientCertificate: kind === "mutual TLS" ? "required" : "optional" } };
  };

  /** One target for each configuration: an Envoy for each exchange would be more than a machine has inotify instances for. */
  const opened = new Map<string, Promise<{ target: Target; app: { headers: HeadersInput } }>>();
  async function start(config: PeerMetadataConfig, kind: Kind) {
    const app: { headers: HeadersInput } = { headers: {} };
    const target = await open({
      filters: [{ name: "peer-metadata", wasm, config: { workload: reviews, ...config } }],
      upstreams: { app: { respond: () => ({ headers: app.headers }) } },
      accessLog: {
        downstream: "%FILTER_STATE(wasm.meshscript.downstream_peer:PLAIN)%",
        upstream: "%FILTER_STATE(wasm.meshscript.upstream_peer:PLAIN)%",
      },
      ...optionsOf(kind),
    });
    return { target, app };
  }

  /** One exchange: what the application got, what the client got, and what is known of the peer. */
  async function exchange(config: PeerMetadataConfig, request: EnvoyRequest = {}, answer: HeadersInput = {}, kind: Kind = "plain") {
    const key = `${kind} ${JSON.stringify(config)}`;
    const running = opened.get(key) ?? start(config, kind);
    opened.set(key, running);
    const { target, app } = await running;
    app.headers = answer;
    const [requests, entries] = [target.upstream("app").requests.length, target.accessLog().length];
    const response = await target.request(request);
    const entry = (await target.waitForAccessLog(entries + 1))[entries];
    expect(target.logs().wasm.filter(({ level }) => /warn|error|critical/.test(level))).toEqual([]);
    return {
      status: response.status,
      received: ours(target.upstream("app").requests[requests]?.headers),
      answered: ours(response.headers),
      state: [entry?.["downstream"], entry?.["upstream"]],
    };
  }
  const nobody = [undefined, undefined];

  describe("inbound", () => {
    const inbound: PeerMetadataConfig = { direction: "inbound", trust: "always" };

    test("a peer is known, the application sees nothing of it, and the peer gets to know us", async () => {
      const { received, answered, state } = await exchange(inbound, { headers: theirs });

      expect(state).toEqual([record(productpage), undefined]);
      expect(received).toEqual([]);
      expect(answered).toEqual(own);
    });

    test("names come in any case, over HTTP/1.1 and HTTP/2", async () => {
      const upper = await exchange(inbound, { headers: { "X-ENVOY-Peer-Metadata": header(productpage), "X-Envoy-Peer-Metadata-ID": "a" } });
      const http2 = await exchange(inbound, { headers: theirs, protocol: "h2c" });

      expect([upper.state, upper.received, upper.answered]).toEqual([[record(productpage), undefined], [], own]);
      expect([http2.state, http2.received, http2.answered]).toEqual([[record(productpage), undefined], [], own]);
    });

    test("a peer without an id is known all the same", async () => {
      const { state, received, answered } = await exchange(inbound, { headers: { [METADATA]: header(productpage) } });

      expect([state, received, answered]).toEqual([[record(productpage), undefined], [], own]);
    });

    test("who says nothing gets no answer, and what the application says is removed", async () => {
      const quiet = await exchange(inbound);
      const loud = await exchange(inbound, {}, [...Object.entries(theirs), [METADATA, evil], [ID, ""]]);

      expect([quiet.state, quiet.received, quiet.answered]).toEqual([nobody, [], []]);
      expect([loud.state, loud.received, loud.answered]).toEqual([nobody, [], []]);
    });

    test("what the application says to a peer is replaced", async () => {
      const { answered, state } = await exchange(inbound, { headers: theirs }, [
        [METADATA, evil],
        ["X-Envoy-Peer-Metadata", evil],
        [ID, "evil"],
        [ID, ""],
      ]);

      expect(answered).toEqual(own);
      expect(state).toEqual([record(productpage), undefined]);
    });

    test.each(junk)("%s is removed, says nothing and gets no answer", async (_, headers) => {
      const { status, received, answered, state } = await exchange(inbound, { headers }, theirs);

      expect(status).toBe(200);
      expect([received, answered, state]).toEqual([[], [], nobody]);
    });

    describe("with trust in mutual TLS", () => {
      const strict: PeerMetadataConfig = { direction: "inbound" };

      test("a peer with a certificate of the mesh is believed", async () => {
        const { state, received, answered } = await exchange(strict, { headers: theirs, identity: client }, {}, "mutual TLS");

        expect([state, received, answered]).toEqual([[record(productpage), undefined], [], own]);
      });

      test.each<[string, () => EnvoyRequest, Kind]>([
        ["plain text", () => ({}), "plain"],
        ["TLS without a certificate", () => ({ trust: authority }), "optional TLS"],
      ])("over %s nobody is, and gets no answer", async (_, request, kind) => {
        const { state, received, answered } = await exchange(strict, { headers: theirs, ...request() }, theirs, kind);

        expect([state, received, answered]).toEqual([nobody, [], []]);
      });

      test.each<[string, { dnsSans: string[]; uriSans?: string[] }]>([
        ["without an identity", { dnsSans: ["client.example"] }],
        ["of a site", { dnsSans: ["client.example"], uriSans: ["https://client.example/spiffe://cluster.local/ns/shop/sa/productpage"] }],
      ])("a certificate %s is none of the mesh", async (_, names) => {
        const other = await authority.issue(names);
        const { state, received, answered } = await exchange(strict, { headers: theirs, identity: other }, theirs, "mutual TLS");

        expect([state, received, answered]).toEqual([nobody, [], []]);
      });

      test("who comes with a certificate does not speak for who comes without one", async () => {
        const first = await exchange(strict, { headers: theirs, identity: client }, {}, "optional TLS");
        const second = await exchange(strict, { headers: theirs, trust: authority }, {}, "optional TLS");

        expect([first.answered, first.state]).toEqual([own, [record(productpage), undefined]]);
        expect([second.answered, second.state]).toEqual([[], nobody]);
      });
    });

    test("an answer of the proxy's own carries the own metadata, too", async () => {
      const answered = await exchange(inbound, { headers: theirs }, {}, "unrouted");
      const quiet = await exchange(inbound, {}, {}, "unrouted");

      expect([answered.status, answered.answered, answered.state]).toEqual([404, own, [record(productpage), undefined]]);
      expect([quiet.status, quiet.answered, quiet.state]).toEqual([404, [], nobody]);
    });
  });

  describe("outbound", () => {
    const outbound: PeerMetadataConfig = { direction: "outbound", trust: "always" };

    test("a callee gets to know us, is known, and the application sees nothing of it", async () => {
      const { received, answered, state } = await exchange(outbound, {}, theirs);

      expect(received).toEqual(own);
      expect(answered).toEqual([]);
      expect(state).toEqual([undefined, record(productpage)]);
    });

    test("what the application or a client says is replaced, however it is written", async () => {
      for (const headers of [theirs, ...junk.map(([, one]) => one)]) {
        const { received, state } = await exchange(outbound, { headers });
        expect([received, state]).toEqual([own, nobody]);
      }
    });

    test.each(junk)("%s in the answer is removed and says nothing", async (_, answer) => {
      const { status, received, answered, state } = await exchange(outbound, {}, answer);

      expect(status).toBe(200);
      expect([received, answered, state]).toEqual([own, [], nobody]);
    });

    test("where the conditions do not hold nothing is told, and nothing is believed", async () => {
      const config: PeerMetadataConfig = {
        ...outbound,
        when: [
          { attribute: "xds.cluster_name", exact: "app" },
          { header: "x-external", present: false },
        ],
      };
      const mesh = await exchange(config, { headers: theirs }, theirs);
      const external = await exchange(config, { headers: { ...theirs, "x-external": "1" } }, theirs);

      expect([mesh.received, mesh.answered, mesh.state]).toEqual([own, [], [undefined, record(productpage)]]);
      expect([external.received, external.answered, external.state]).toEqual([[], [], nobody]);
    });

    test("over plain text nobody is believed by trust in mutual TLS", async () => {
      const { received, answered, state } = await exchange({ direction: "outbound" }, {}, theirs);

      expect([received, answered, state]).toEqual([own, [], nobody]);
    });

    test("an answer of the proxy's own says nothing of anybody", async () => {
      const { status, answered, state } = await exchange(outbound, { headers: theirs }, {}, "unrouted");

      expect([status, answered, state]).toEqual([404, [], nobody]);
    });
  });

  test("several peers in turn are told apart", async () => {
    const states: unknown[] = [];
    const names = ["a", "b", "a", "c", "b", "a"];
    for (const name of names) {
      const { state } = await exchange(
        { direction: "inbound", trust: "always" },
        { headers: { [METADATA]: header({ ...reviews, name }) } },
      );
      states.push(state[0]);
    }

    expect(states).toEqual(names.map((name) => record({ ...reviews, name })));
  });
});
