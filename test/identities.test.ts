// What a filter learns of its peer is the same on both hosts, whoever the peer is.
import { beforeAll, expect, test } from "vitest";
import { onBothHosts } from "../harness/expect/index.ts";
import { type Authority, type Identity, type Target, createAuthority } from "../harness/index.ts";
import { probeModule } from "./probes/module/build.ts";
import { scriptText } from "./probes/script.ts";

const properties = [
  ...["connection.mtls", "connection.tls_version", "connection.requested_server_name"],
  ...["uri_san", "dns_san", "subject"].flatMap((what) => [`connection.${what}_peer_certificate`, `connection.${what}_local_certificate`]),
  "connection.sha256_peer_certificate_digest",
];
const script = {
  rh: properties.map((path) => `get_property "${path.replace(".", "\\0")}"`).join("\n"),
  log: 'get_property "request\\0path"',
};

let authority: Authority;
let server: Identity;
let asked = 0;

beforeAll(async () => {
  authority = await createAuthority();
  server = await authority.issue({ serviceAccount: "server", dnsSans: ["server.default.svc"] });
});

onBothHosts((open) => {
  let target: Target;

  beforeAll(async () => {
    const filters = [{ name: "probe", wasm: await probeModule(), config: scriptText(script) }];
    target = await open({
      listeners: {
        plain: { filters },
        tls: { filters, tls: { identity: server, clientCertificate: "optional" } },
        strict: { filters, tls: { identity: server, expectedSpiffeIds: ["spiffe://cluster.local/ns/default/sa/friend"] } },
      },
      accessLog: { peer: "%DOWNSTREAM_PEER_URI_SAN%" },
    });
  });

  /** What the module read, by property. */
  async function read(request: Parameters<Target["request"]>[0]): Promise<Record<string, string>> {
    const path = `/${++asked}`;
    expect((await target.request({ ...request, path })).status).toBe(200);
    const last = `log get_property "request\\0path" = 0 "${path}"`;
    await target.waitForLog(last);
    const all = target.logs().wasm.map(({ message }) => message);
    const end = all.indexOf(last);
    const lines = all.slice(
      all.findLastIndex((line, i) => i < end && /^rh \d+ n=/.test(line)),
      end,
    );
    const found = lines.flatMap((line) => [...line.matchAll(/^rh get_property "connection\\0(\w+)" = (.*)$/g)]);
    return Object.fromEntries(found.map(([, name = "", value = ""]) => [name, value]));
  }

  test("a workload with an SVID", async () => {
    const client = await authority.issue({
      namespace: "shop",
      serviceAccount: "reviews",
      dnsSans: ["reviews.shop.svc"],
      subject: "CN=reviews,O=shop",
    });
    const seen = await read({ listener: "tls", identity: client, serverName: "server.default.svc" });

    expect(seen).toEqual({
      mtls: '0 "\\x01"',
      tls_version: '0 "TLSv1.3"',
      requested_server_name: '0 "server.default.svc"',
      uri_san_peer_certificate: '0 "spiffe://cluster.local/ns/shop/sa/reviews"',
      uri_san_local_certificate: '0 "spiffe://cluster.local/ns/default/sa/server"',
      dns_san_peer_certificate: '0 "reviews.shop.svc"',
      dns_san_local_certificate: '0 "server.default.svc"',
      subject_peer_certificate: '0 "O=shop,CN=reviews"',
      subject_local_certificate: expect.stringMatching(/^0 /) as string,
      sha256_peer_certificate_digest: `0 "${client.sha256}"`,
    });
  });

  test("of several URI SANs only the first is seen", async () => {
    const client = await authority.issue({ serviceAccount: "a", uriSans: ["spiffe://cluster.local/ns/default/sa/admin"] });
    const seen = await read({ listener: "tls", identity: client });

    expect(seen["uri_san_peer_certificate"]).toBe('0 "spiffe://cluster.local/ns/default/sa/a"');
    expect(seen["dns_san_peer_certificate"]).toBe("1 -");
  });

  test("a request that does not speak what the listener does fails, and says so", async () => {
    await expect(target.request({ listener: "tls" })).rejects.toThrow(/MS0408: .*\n?.*the listener "tls" speaks TLS/);
    await expect(target.request({ listener: "plain", trust: authority })).rejects.toThrow(/the listener "plain" does not speak TLS/);
    expect(await read({ listener: "plain" })).toMatchObject({ tls_version: "1 -" });
  });

  test("TLS without a certificate, and no TLS", async () => {
    const anonymous = await read({ listener: "tls", trust: authority });
    const plain = await read({ listener: "plain" });

    expect(anonymous).toMatchObject({ mtls: '0 "\\0"', subject_peer_certificate: "0 null", uri_san_peer_certificate: "1 -" });
    expect(plain).toMatchObject({ mtls: '0 "\\0"', tls_version: "1 -", subject_peer_certificate: "1 -" });
  });

  test("who is not believed does not get in", async () => {
    const stranger = await (await createAuthority({ name: "another" })).issue({ serviceAccount: "friend" });
    const refused: Parameters<Target["request"]>[0][] = [
      { listener: "tls", identity: stranger },
      { listener: "tls", identity: await authority.issue({ serviceAccount: "late", validFor: "-1s" }) },
      { listener: "strict", identity: await authority.issue({ serviceAccount: "foe" }) },
      { listener: "strict", trust: authority },
      { listener: "tls", trust: stranger },
    ];

    for (const request of refused) await expect(target.request(request)).rejects.toThrow(/MS0408: /);
    const friend = await target.request({ listener: "strict", identity: await authority.issue({ serviceAccount: "friend" }) });
    expect(friend.status).toBe(200);
    expect(friend.tls).toMatchObject({ version: "TLSv1.3", serverSha256: server.sha256 });
  });
});
