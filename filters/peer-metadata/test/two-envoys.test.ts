// Two sidecars in a row, two Envoys with mutual TLS between them: who knows whom, and what application and client get to see.
import { afterEach, describe, expect, test } from "vitest";
import {
  type Authority,
  type ConfigObject,
  type Envoy,
  type EnvoyOptions,
  type HeaderPairs,
  type Identity,
  bootstrap,
  cluster,
  httpListener,
  openEnvoy,
  openHost,
  route,
} from "../../../harness/index.ts";
import { twoIdentities } from "../../../test/support/two-identities.ts";
import type { PeerMetadataConfig } from "../config.ts";
import { ID, METADATA, type Workload, header, readHeader, record } from "./struct.ts";
import { peerMetadataModule } from "./support.ts";

const { authority, server, client } = await twoIdentities();
const wasm = await peerMetadataModule();
const filter = (config: PeerMetadataConfig) => ({ name: "peer-metadata", wasm, config });
const accessLog = {
  downstream: "%FILTER_STATE(wasm.meshscript.downstream_peer:PLAIN)%",
  upstream: "%FILTER_STATE(wasm.meshscript.upstream_peer:PLAIN)%",
};

const productpage: Workload = {
  ...{ name: "productpage-v1", namespace: "shop", app: "productpage", version: "v1", cluster: "c1" },
  ...{ canonicalService: "productpage", canonicalRevision: "v1" },
};
const reviews: Workload = {
  ...{ name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", cluster: "c2" },
  ...{ canonicalService: "reviews", canonicalRevision: "r2" },
};
const evil = { [ID]: "evil", [METADATA]: header({ ...reviews, name: "evil" }) };
const ours = (headers: HeaderPairs | undefined) => headers?.filter(([name]) => name.startsWith("x-envoy-peer-metadata"));

const opened: Envoy[] = [];
afterEach(async () => {
  for (const envoy of opened.splice(0).reverse()) await envoy.stop();
});
async function open(options: EnvoyOptions): Promise<Envoy> {
  const envoy = await openEnvoy(options);
  opened.push(envoy);
  return envoy;
}

/** The destination's sidecar, in front of an application that lies about itself. */
const openInbound = (more: Partial<EnvoyOptions> = {}) =>
  open({
    filters: [filter({ direction: "inbound", workload: reviews })],
    tls: { identity: server },
    upstreams: { app: { respond: { headers: evil } } },
    accessLog,
    ...more,
  });
/** The source's sidecar. */
const openOutbound = (to: Envoy, config: PeerMetadataConfig = {}, tls: { identity?: Identity; trust?: Authority } = { identity: client }) =>
  open({
    filters: [filter({ direction: "outbound", workload: productpage, ...config })],
    clusters: [cluster({ name: "reviews", endpoints: [to.address()], ...(Object.keys(tls).length > 0 ? { tls } : {}) })],
    routes: [route("reviews")],
    accessLog,
  });

describe("two sidecars with mutual TLS", () => {
  test("know each other's workload; the application and the client see nothing of it", async () => {
    const inbound = await openInbound();
    const outbound = await openOutbound(inbound);
    const answer = await outbound.request({ headers: evil });
    const [source] = await outbound.waitForAccessLog(1);
    const [destination] = await inbound.waitForAccessLog(1);

    expect(answer.status).toBe(200);
    expect([source?.["upstream"], source?.["downstream"]]).toEqual([record(reviews), undefined]);
    expect([destination?.["downstream"], destination?.["upstream"]]).toEqual([record(productpage), undefined]);
    expect(ours(inbound.upstream("app").requests[0]?.headers)).toEqual([]);
    expect(ours(answer.headers)).toEqual([]);
  });

  test("do so in each request of a connection, and over HTTP/2", async () => {
    const inbound = await openInbound();
    const outbound = await openOutbound(inbound);
    for (const protocol of ["http/1.1", "h2c", "h2c", "http/1.1"] as const) await outbound.request({ protocol, headers: evil });
    const known = (await outbound.waitForAccessLog(4)).map(({ upstream }) => upstream);
    const callers = (await inbound.waitForAccessLog(4)).map(({ downstream }) => downstream);

    expect(known).toEqual(Array<string>(4).fill(record(reviews)));
    expect(callers).toEqual(Array<string>(4).fill(record(productpage)));
    expect(inbound.upstream("app").requests.flatMap(({ headers }) => ours(headers))).toEqual([]);
  });

  test("an answer of the callee's proxy itself makes it known", async () => {
    const inbound = await openInbound({ routes: [{ match: { prefix: "/" }, direct_response: { status: 418 } }] });
    const outbound = await openOutbound(inbound);

    expect((await outbound.request()).status).toBe(418);
    expect((await outbound.waitForAccessLog(1))[0]?.["upstream"]).toBe(record(reviews));
    expect((await inbound.waitForAccessLog(1))[0]?.["downstream"]).toBe(record(productpage));
  });

  test("in plain text between them nobody is known, and still nobody sees anything", async () => {
    const inbound = await open({
      filters: [filter({ direction: "inbound", workload: reviews })],
      upstreams: { app: { respond: { headers: evil } } },
      accessLog,
    });
    const outbound = await openOutbound(inbound, {}, {});
    const answer = await outbound.request();
    const [source] = await outbound.waitForAccessLog(1);
    const [destination] = await inbound.waitForAccessLog(1);

    expect([source?.["upstream"], destination?.["downstream"]]).toEqual([undefined, undefined]);
    expect(ours(inbound.upstream("app").requests[0]?.headers)).toEqual([]);
    expect(ours(answer.headers)).toEqual([]);
  });

  test("a caller without a certificate gets no answer, and believes none", async () => {
    const inbound = await openInbound({ tls: { identity: server, clientCertificate: "optional" } });
    const outbound = await openOutbound(inbound, { trust: "always" }, { trust: authority });
    await outbound.request();

    expect((await outbound.waitForAccessLog(1))[0]?.["upstream"]).toBeUndefined();
    expect((await inbound.waitForAccessLog(1))[0]?.["downstream"]).toBeUndefined();
  });
});

describe("who answers over TLS", () => {
  /** A server that has a certificate and sends peer metadata, but no sidecar. */
  const openServer = (identity: Identity) =>
    open({
      tls: { identity, clientCertificate: "optional" },
      routes: [
        {
          match: { prefix: "/" },
          direct_response: { status: 200 },
          response_headers_to_add: Object.entries(evil).map(([key, value]) => ({ header: { key, value } })),
        },
      ],
    });

  test("with a certificate of the mesh is believed, without an identity in it is not", async () => {
    const mesh = await openOutbound(await openServer(server));
    const external = await openOutbound(await openServer(await authority.issue({ dnsSans: ["api.example.com"] })));
    const site = await authority.issue({ dnsSans: ["api.example.com"], uriSans: ["https://api.example.com"] });
    const other = await openOutbound(await openServer(site));
    const answers = [await mesh.request(), await external.request(), await other.request()];

    expect((await mesh.waitForAccessLog(1))[0]?.["upstream"]).toBe(record({ ...reviews, name: "evil" }));
    expect((await external.waitForAccessLog(1))[0]?.["upstream"]).toBeUndefined();
    expect((await other.waitForAccessLog(1))[0]?.["upstream"]).toBeUndefined();
    expect(answers.map(({ status, headers }) => [status, ours(headers)])).toEqual([
      [200, []],
      [200, []],
      [200, []],
    ]);
  });
});

describe("in Envoy", () => {
  /** An Envoy with one listener of this direction, and the application behind it. */
  const openWith = (config: PeerMetadataConfig, direction: string, more: { node?: ConfigObject } = {}) =>
    open({
      config: bootstrap({
        ...(more.node ? { node: more.node } : {}),
        listeners: [
          httpListener({
            filters: [filter(config)],
            listener: { traffic_direction: direction },
            routes: [route("app")],
          }),
        ],
        clusters: [cluster({ name: "app", endpoints: [{ host: "127.0.0.1", port: 1 }] })],
      }),
      upstreams: { app: { respond: ({ path }) => ({ status: path === "/503" ? 503 : 200, headers: evil }) } },
    });
  const peer = { [METADATA]: header(productpage) };

  test.each([
    ["INBOUND", [], 2],
    ["UNSPECIFIED", [], 2],
    ["OUTBOUND", [header(reviews)], 0],
  ])("a listener whose direction is %s says which way requests go", async (direction, received, answered) => {
    const envoy = await openWith({ trust: "always", workload: reviews }, direction);
    const answer = await envoy.request({ headers: peer });

    expect(envoy.upstream("app").requests[0]?.headerValues(METADATA)).toEqual(received);
    expect(ours(answer.headers)).toHaveLength(answered);
  });

  test("the node tells who we are, where the configuration does not", async () => {
    const owner = "kubernetes://apis/apps/v1/namespaces/prod/deployments/ratings-v2";
    const metadata = {
      ...{ WORKLOAD_NAME: "ratings-v2", NAMESPACE: "prod", CLUSTER_ID: "c3", NAME: "ratings-v2-1-x", OWNER: owner, MESH_ID: "m" },
      LABELS: { app: "ratings", version: "v2", "service.istio.io/canonical-name": "canonical", team: "blue" },
    };
    const envoy = await openWith({ workload: { namespace: "mine" } }, "OUTBOUND", { node: { id: "sidecar~1", metadata } });
    // An Envoy that takes files for clusters has an id, others need none.
    const host = await openHost({
      filters: [filter({ direction: "outbound", workload: { name: "reviews-v2" } })],
      upstreams: { app: {} },
      node: { id: "", metadata },
    });
    await envoy.request();
    await host.request({ headers: evil });
    await host.stop();
    const [first, second] = [envoy.upstream("app").requests[0], host.upstream("app").requests[0]];

    expect([first?.headerValues(ID), second?.headerValues(ID)]).toEqual([["sidecar~1"], []]);
    expect(readHeader(first?.header(METADATA) ?? "")).toEqual({
      ...{ WORKLOAD_NAME: "ratings-v2", NAMESPACE: "mine", CLUSTER_ID: "c3", NAME: "ratings-v2-1-x", OWNER: owner },
      LABELS: {
        ...{ app: "ratings", version: "v2" },
        ...{ "service.istio.io/canonical-name": "canonical", "service.istio.io/canonical-revision": "v2" },
      },
    });
    // Whose owner it is, its name says.
    expect(Object.keys(readHeader(second?.header(METADATA) ?? ""))).not.toContain("OWNER");
  });

  test("a retry carries the own metadata once, and the callee is who answered in the end", async () => {
    let tries = 0;
    const second: Workload = { ...reviews, name: "reviews-v3" };
    const envoy = await open({
      filters: [filter({ direction: "outbound", trust: "always", workload: productpage })],
      upstreams: {
        app: {
          respond: () =>
            ++tries === 1
              ? { status: 503, headers: { [METADATA]: header(reviews) } }
              : { headers: { [METADATA]: header(second), [ID]: "reviews-3" } },
        },
      },
      routes: [route("app", { route: { retry_policy: { retry_on: "5xx", num_retries: 1 } } })],
      accessLog,
    });
    const answer = await envoy.request({ headers: evil });

    expect([answer.status, ours(answer.headers)]).toEqual([200, []]);
    expect((await envoy.waitForAccessLog(1))[0]?.["upstream"]).toBe(record(second));
    expect(envoy.upstream("app").requests.map((one) => one.headerValues(METADATA))).toEqual([[header(productpage)], [header(productpage)]]);
  });

  test("nobody is known of an upstream that cannot be reached", async () => {
    const envoy = await open({
      filters: [filter({ direction: "outbound", trust: "always" })],
      clusters: [cluster({ name: "dead", endpoints: [{ host: "127.0.0.1", port: 1 }] })],
      routes: [route("dead")],
      accessLog,
    });

    expect((await envoy.request({ headers: evil })).status).toBe(503);
    expect((await envoy.waitForAccessLog(1))[0]?.["upstream"]).toBeUndefined();
    expect(envoy.logs().wasm.filter(({ level }) => /warn|error|critical/.test(level))).toEqual([]);
  });

  test("who is refused before the filter hears of it gets no answer", async () => {
    const abort = { percentage: { numerator: 100 }, http_status: 418 };
    const fault = {
      name: "envoy.filters.http.fault",
      typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault", abort },
    };
    const envoy = await open({ filters: [fault, filter({ trust: "always" })], upstreams: { app: {} }, accessLog });
    const answer = await envoy.request({ headers: peer });

    expect([answer.status, ours(answer.headers)]).toEqual([418, []]);
    expect((await envoy.waitForAccessLog(1))[0]?.["downstream"]).toBeUndefined();
    expect(envoy.logs().wasm.filter(({ level }) => /warn|error|critical/.test(level))).toEqual([]);
  });
});
