import { stat } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { MeshscriptError } from "../../../diagnostics/index.ts";
import "../../expect/index.ts";
import { eventually, reportOnFailure } from "../../expect/index.ts";
import {
  type Authority,
  type ChainOptions,
  type Identity,
  IncompleteResponse,
  bootstrap,
  cluster,
  createAuthority,
  downstreamTls,
  httpListener,
  openEnvoy,
  route,
  upstreamTls,
} from "../../index.ts";

/** What Envoy knows of the peer and of itself, in its own words. */
const accessLog = {
  peer: "%DOWNSTREAM_PEER_URI_SAN%",
  peerDns: "%DOWNSTREAM_PEER_DNS_SAN%",
  peerSubject: "%DOWNSTREAM_PEER_SUBJECT%",
  peerSha256: "%DOWNSTREAM_PEER_FINGERPRINT_256%",
  local: "%DOWNSTREAM_LOCAL_URI_SAN%",
  serverName: "%REQUESTED_SERVER_NAME%",
  tls: "%DOWNSTREAM_TLS_VERSION%",
};

let authority: Authority;
let server: Identity;
let client: Identity;
beforeAll(async () => {
  authority = await createAuthority();
  server = await authority.issue({ serviceAccount: "server" });
  client = await authority.issue({ namespace: "shop", serviceAccount: "client" });
});

const open = async (options: ChainOptions) =>
  reportOnFailure(await openEnvoy({ accessLog, upstreams: { app: { respond: { body: "hello" } } }, ...options }));

/** Why no answer came, from "MS0408: " to the first line end. */
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => "no refusal",
    (error: unknown) => (error instanceof IncompleteResponse ? error.message.split("\n")[0] : error),
  );

describe("a listener that requires certificates", () => {
  test("takes one of its own authority, and its access log says who it was", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const peer = await authority.issue({ serviceAccount: "client", dnsSans: ["client.example"], subject: "O=Shop\\, Inc., CN=client" });
    const response = await envoy.request({ identity: peer, serverName: "server.example" });
    expect([response.status, response.text()]).toEqual([200, "hello"]);
    expect(response.tls).toEqual({ version: "TLSv1.3", alpn: "http/1.1", serverSha256: server.sha256 });
    expect(envoy.url).toMatch(/^https:/);
    expect(envoy.upstream("app").requests).toHaveLength(1);
    expect(await envoy.waitForAccessLog(1)).toMatchObject([
      {
        peer: "spiffe://cluster.local/ns/default/sa/client",
        peerDns: "client.example",
        peerSubject: peer.subject,
        peerSha256: peer.sha256,
        local: server.spiffeId,
        serverName: "server.example",
        tls: "TLSv1.3",
      },
    ]);
  });

  test("speaks HTTP/2 with a client that offers it, and the upstream sees https", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const response = await envoy.request({ identity: client, protocol: "h2", method: "POST", body: "x" });
    expect([response.status, response.httpVersion, response.tls?.alpn, response.tls?.serverSha256]).toEqual([
      200,
      "2.0",
      "h2",
      server.sha256,
    ]);
    expect(envoy.upstream("app").requests[0]?.header("x-forwarded-proto")).toBe("https");
    expect(await envoy.waitForAccessLog(1)).toMatchObject([{ protocol: "HTTP/2", peer: client.spiffeId }]);
  });

  test("shows all URI SANs of a leaf that has several", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const uriSans = ["spiffe://cluster.local/ns/default/sa/admin", "https://x.example"];
    const several = await authority.issue({ serviceAccount: "client", uriSans });
    expect(await envoy.request({ identity: several })).toHaveStatus(200);
    expect((await envoy.waitForAccessLog(1))[0]?.["peer"]).toBe(several.uriSans.join(","));
  });

  test("refuses no certificate, another authority's, an expired one and one that is not valid yet; none reaches the upstream", async () => {
    await using envoy = await open({ tls: { identity: server } });
    // The same name and trust domain: nothing but the key is wrong.
    const impostor = await createAuthority();
    const wrong = await impostor.issue({ namespace: "shop", serviceAccount: "client" });
    const expired = await authority.issue({ serviceAccount: "client", validFor: "-1s" });
    const early = await authority.issue({ serviceAccount: "client", notBefore: new Date(Date.now() + 60_000) });
    for (const protocol of ["http/1.1", "h2"] as const) {
      const of = (identity: Identity) => refusal(envoy.request({ identity, protocol }));
      expect(await refusal(envoy.request({ trust: authority, protocol }))).toContain("alert certificate required) before any header");
      expect(await of(wrong)).toContain("alert unknown ca) before any header");
      expect(await of(expired)).toContain("alert certificate expired) before any header");
      // BoringSSL has one alert for both ends of the time.
      expect(await of(early)).toContain("alert certificate expired) before any header");
    }
    expect(await envoy.request({ identity: client })).toHaveStatus(200);
    expect(envoy.upstream("app").requests).toHaveLength(1);
    await eventually(async () => {
      const stats = await envoy.stats("^listener\\..*\\.ssl\\.fail_verify_(error|no_cert)$");
      expect([...stats.values()]).toEqual([6, 2]);
    });
  });

  test("refuses a plain client, and the error says how to speak to it", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const error = await envoy.request().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(IncompleteResponse);
    expect(error).toMatchObject({ code: "MS0408", partial: undefined });
    expect(String(error)).toContain('help: the listener "main" speaks TLS: give the request an `identity`, or `trust`');
    expect(String(await envoy.request({ protocol: "h2c" }).catch((reason: unknown) => reason))).toContain("speaks TLS");
    expect(await envoy.stat("http.main.downstream_rq_total")).toBe(0);
    expect(await envoy.request({ identity: client })).toHaveStatus(200);
  });

  test("takes only the SPIFFE IDs that it is told to", async () => {
    const tls = { identity: server, expectedSpiffeIds: ["spiffe://cluster.local/ns/shop/sa/client", "spiffe://cluster.local/ns/a/sa/b"] };
    await using envoy = await open({ tls });
    expect(await envoy.request({ identity: client })).toHaveStatus(200);
    expect(await refusal(envoy.request({ identity: server }))).toContain("alert");
    expect(envoy.upstream("app").requests).toHaveLength(1);
  });

  test("takes a leaf below an intermediate that comes with its chain, not one without", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const leaf = await (await authority.intermediate()).issue({ serviceAccount: "below" });
    expect(await envoy.request({ identity: leaf })).toHaveStatus(200);
    expect(await refusal(envoy.request({ identity: { ...leaf, chain: leaf.certificate } }))).toContain("alert unknown ca");
    expect((await envoy.waitForAccessLog(1))[0]?.["peer"]).toBe(leaf.spiffeId);
  });
});

describe("a listener with clientCertificate", () => {
  test("optional takes clients without a certificate, and those with a good one; a bad one is worse than none", async () => {
    await using envoy = await open({ tls: { identity: server, clientCertificate: "optional" } });
    expect(await envoy.request({ trust: authority })).toHaveStatus(200);
    expect(await envoy.request({ serverName: "x.example" })).toHaveStatus(200);
    expect(await envoy.request({ identity: client })).toHaveStatus(200);
    const wrong = await (await createAuthority()).issue({ serviceAccount: "client" });
    expect(await refusal(envoy.request({ identity: wrong }))).toContain("alert unknown ca");
    const log = await envoy.waitForAccessLog(3);
    expect(log.map(({ peer, serverName }) => [peer, serverName])).toEqual([
      [undefined, undefined],
      [undefined, "x.example"],
      [client.spiffeId, undefined],
    ]);
  });

  test("none asks nobody for one, so that not even a good one is seen", async () => {
    await using envoy = await open({ tls: { identity: server, clientCertificate: "none" } });
    expect(await envoy.request({ identity: client })).toHaveStatus(200);
    const [entry] = await envoy.waitForAccessLog(1);
    expect([entry?.["peer"], entry?.["local"]]).toEqual([undefined, server.spiffeId]);
  });
});

describe("a client", () => {
  test("refuses a server of another authority when it is told whom to trust, and says why", async () => {
    await using envoy = await open({ tls: { identity: server, clientCertificate: "none" } });
    const other = await createAuthority({ name: "another" });
    for (const protocol of ["http/1.1", "h2"] as const) {
      expect(await refusal(envoy.request({ trust: other, protocol }))).toMatch(/unable to (get local issuer|verify the first) certificate/);
    }
    expect(envoy.upstream("app").requests).toEqual([]);
  });

  test("that speaks TLS to a plain listener is told so", async () => {
    await using envoy = await open({});
    const error = await envoy.request({ identity: client }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "MS0408", partial: undefined });
    expect(String(error)).toContain('help: the listener "main" does not speak TLS');
    expect(envoy.url).toMatch(/^http:/);
  });

  test("is told of a protocol that contradicts TLS", async () => {
    await using envoy = await open({});
    expect(() => envoy.request({ protocol: "h2" })).toThrow("MS0407: h2 is HTTP/2 over TLS");
    expect(() => envoy.request({ protocol: "h2c", identity: client })).toThrow("MS0407: h2c is HTTP/2 without TLS");
  });
});

describe("rotation by update(), without a restart", () => {
  test("gives new connections the new leaf, and lets a request on an old one end", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using envoy = await open({
      tls: { identity: server },
      upstreams: { app: { respond: ({ path }) => (path === "/held" ? { body: "late", delay: held } : { body: "new" }) } },
    });
    const { pid, url } = envoy;
    const old = envoy.request({ path: "/held", identity: client });
    await envoy.upstream("app").received();
    const [fresh, freshClient] = await Promise.all([
      authority.issue({ serviceAccount: "server" }),
      authority.issue({ serviceAccount: "client" }),
    ]);
    await envoy.update({ tls: { identity: fresh } });
    const response = await envoy.request({ identity: freshClient });
    expect([response.text(), response.tls?.serverSha256]).toEqual(["new", fresh.sha256]);
    release();
    const late = await old;
    expect([late.text(), late.tls?.serverSha256]).toEqual(["late", server.sha256]);
    expect([envoy.pid, envoy.url]).toEqual([pid, url]);
    expect(fresh.sha256).not.toBe(server.sha256);
  });

  test("to a new authority goes bundle first, then leaves; at the end only the new one is trusted", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const next = await authority.rotate();
    const [newServer, newClient] = await Promise.all([next.issue({ serviceAccount: "server" }), next.issue({ serviceAccount: "client" })]);
    const both = async () => [
      (await envoy.request({ identity: client, trust: next })).tls?.serverSha256,
      (await envoy.request({ identity: newClient, trust: next })).tls?.serverSha256,
    ];
    expect(await refusal(envoy.request({ identity: newClient }))).toContain("alert unknown ca");
    await envoy.update({ tls: { identity: server, trust: next } });
    expect(await both()).toEqual([server.sha256, server.sha256]);
    await envoy.update({ tls: { identity: newServer } });
    expect(await both()).toEqual([newServer.sha256, newServer.sha256]);
    await envoy.update({ tls: { identity: newServer, trust: next.certificate } });
    expect(await refusal(envoy.request({ identity: client }))).toContain("alert unknown ca");
    expect(await envoy.request({ identity: newClient })).toHaveStatus(200);
  });

  test("can begin with a plain listener, at the same port", async () => {
    await using envoy = await open({});
    const { port } = envoy.address();
    expect(await envoy.request()).toHaveStatus(200);
    await envoy.update({ tls: { identity: server } });
    expect([envoy.url, (await envoy.request({ identity: client })).tls?.serverSha256]).toEqual([
      `https://127.0.0.1:${port}`,
      server.sha256,
    ]);
    await expect(envoy.request()).rejects.toThrow('help: the listener "main" speaks TLS');
  });

  test("that Envoy rejects leaves the old certificate in service", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const broken = { ...server, privateKey: client.privateKey };
    await expect(envoy.update({ tls: { identity: broken } })).rejects.toThrow(/MS0403.*(key|KEY)/s);
    expect((await envoy.request({ identity: client })).tls?.serverSha256).toBe(server.sha256);
  });
});

describe("between two proxies", () => {
  /** An Envoy in front of a TLS listener: plain in, TLS out. */
  async function pair(tls: Parameters<typeof upstreamTls>[0], protocol: "http/1.1" | "h2c" = "http/1.1") {
    const inbound = await open({ tls: { identity: server } });
    const clusters = [cluster({ name: "server", endpoints: [inbound.address()], tls, protocol })];
    const config = bootstrap({ listeners: [httpListener({ name: "outbound", routes: [route("server")] })], clusters });
    const outbound = reportOnFailure(await openEnvoy({ config }));
    const stop = () => Promise.all([outbound.stop(), inbound.stop()]);
    return { inbound, outbound, [Symbol.asyncDispose]: async () => void (await stop()) };
  }

  test.each(["http/1.1", "h2c"] as const)("a cluster presents its identity and asks for a server name, over %s", async (protocol) => {
    const tls = { identity: client, sni: "outbound_.80_._.server", expectedSpiffeIds: ["spiffe://cluster.local/ns/default/sa/server"] };
    await using mesh = await pair(tls, protocol);
    expect((await mesh.outbound.request()).text()).toBe("hello");
    const seen = { peer: client.spiffeId, serverName: "outbound_.80_._.server", protocol: protocol === "h2c" ? "HTTP/2" : "HTTP/1.1" };
    expect(await mesh.inbound.waitForAccessLog(1)).toMatchObject([seen]);
  });

  test("a cluster refuses a server with another SPIFFE ID, of another authority, and is refused without an identity", async () => {
    const other = await createAuthority();
    for (const tls of [
      { identity: client, expectedSpiffeIds: ["spiffe://cluster.local/ns/default/sa/other"] },
      { identity: client, trust: other },
      { trust: authority },
    ]) {
      await using mesh = await pair(tls);
      expect(await mesh.outbound.request()).toHaveStatus(503);
      expect(mesh.inbound.upstream("app").requests).toEqual([]);
    }
  });

  test("keys are in files of their owner only, and not in the config dump", async () => {
    await using envoy = await open({ tls: { identity: server } });
    const dump = JSON.stringify(await envoy.configDump());
    expect(dump).toContain(JSON.stringify(server.chain).slice(1, -1));
    expect(dump).not.toContain("PRIVATE KEY");
    expect((await stat(join(envoy.runDir, "xds"))).mode & 0o777).toBe(0o700);
  });
});

describe("options that would have no effect, or the opposite of what they say, are refused", () => {
  const messageOf = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      if (error instanceof MeshscriptError) return error.message;
    }
    return "no error";
  };
  test.each([
    [() => downstreamTls({ identity: server, clientCertificate: "none", trust: authority }), "have no effect"],
    [() => downstreamTls({ identity: server, expectedSpiffeIds: [] }), "expectedSpiffeIds is empty"],
    [() => upstreamTls({ identity: client, expectedSpiffeIds: [] }), "expectedSpiffeIds is empty"],
    [() => upstreamTls({ sni: "x.example" }), "whom to believe"],
  ])("case %#", (make, reason) => {
    expect(messageOf(make)).toMatch(/^MS0407: /);
    expect(messageOf(make)).toContain(reason);
  });

  test("tls beside a complete config", async () => {
    await expect(openEnvoy({ config: bootstrap(), tls: { identity: server } })).rejects.toThrow(
      "MS0407: `config` is a complete bootstrap and cannot be combined with tls",
    );
  });
});
