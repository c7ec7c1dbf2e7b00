// The access log's operators say the same on both hosts.
import { beforeAll, expect, test } from "vitest";
import { onBothHosts } from "../harness/expect/index.ts";
import { type Identity, type Target, createAuthority } from "../harness/index.ts";
import { probeModule } from "./probes/module/build.ts";
import { scriptText } from "./probes/script.ts";

const accessLog = {
  peer: "%DOWNSTREAM_PEER_URI_SAN%",
  subject: "%DOWNSTREAM_PEER_SUBJECT%",
  host: "%UPSTREAM_HOST%",
  either: "%REQ(X-NONE?X-ASKED)%",
  none: "%REQ(X-NONE)%",
  answered: "%RESP(X-Answered)%",
  trailer: "%TRAILER(X-End)%",
  state: "%FILTER_STATE(wasm.why:PLAIN)%",
  mixed: "%PROTOCOL%/%RESPONSE_CODE% of %ROUTE_NAME%, %REQ(X-NONE)%",
};
const script = { rh: 'set_property "why" "asked nicely"' };

let server: Identity;
let client: Identity;

beforeAll(async () => {
  const authority = await createAuthority();
  server = await authority.issue({ serviceAccount: "server" });
  client = await authority.issue({ namespace: "shop", serviceAccount: "reviews", subject: "CN=reviews,O=shop" });
});

onBothHosts((open) => {
  let target: Target;

  beforeAll(async () => {
    const filters = [{ name: "probe", wasm: await probeModule(), config: scriptText(script) }];
    target = await open({
      listeners: { plain: { filters }, tls: { filters, tls: { identity: server, clientCertificate: "required" } } },
      routes: [
        { name: "told", match: { path: "/told" }, direct_response: { status: 404 } },
        { name: "asked", match: { prefix: "/" }, route: { cluster: "app" } },
      ],
      upstreams: { app: {} },
      accessLog,
    });
    target.upstream("app").respond({ headers: { "x-answered": "yes" }, body: "hello", trailers: { "x-end": "last" } });
  });

  test("of a request that an upstream answered, over mutual TLS", async () => {
    await target.request({ listener: "tls", identity: client, serverName: "server", path: "/there?q=1", headers: { "x-asked": "twice" } });
    const entry = (await target.waitForAccessLog(1)).at(-1);

    expect(entry).toMatchObject({
      peer: "spiffe://cluster.local/ns/shop/sa/reviews",
      subject: "O=shop,CN=reviews",
      host: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      either: "twice",
      answered: "yes",
      trailer: "last",
      state: "asked nicely",
      mixed: "HTTP/1.1/200 of asked, ",
      path: "/there?q=1",
      cluster: "app",
      bytesSent: 5,
    });
    expect(Object.keys(entry ?? {})).not.toContain("none");
  });

  test("of a request that Envoy answered itself, from a client without a certificate", async () => {
    await target.request({ listener: "plain", path: "/told" });
    const entry = (await target.waitForAccessLog(2)).at(-1) ?? {};

    expect(entry).toMatchObject({ status: 404, details: "direct_response", mixed: "HTTP/1.1/404 of told, ", state: "asked nicely" });
    for (const absent of ["peer", "subject", "host", "either", "answered", "trailer", "cluster"]) expect(entry).not.toHaveProperty(absent);
  });
});
