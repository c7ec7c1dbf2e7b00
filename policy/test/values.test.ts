// Each kind of value and condition, on the in-process host and on real Envoy.
import { beforeAll, describe, expect, test } from "vitest";
import { onBothHosts } from "../../harness/expect/index.ts";
import { type Identity, type Target, createAuthority, route } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

const attributes = (...names: string[]) => Object.fromEntries(names.map((attribute) => [attribute, { attribute }]));
const payload = {
  sub: "ann",
  empty: "",
  "https://shop.example/tenant": "books",
  realm: { user: { "a.b": "deep" } },
  groups: ["dev", 7, "ops"],
  nobody: [],
  level: 1_700_000_000,
  below: -5,
  share: 0.25,
  admin: true,
  guest: false,
  nothing: null,
};

const values = {
  header: { header: "x-a" },
  cookie: { cookie: "session" },
  query: { query: "id" },
  first: { pathSegment: 0 },
  third: { pathSegment: 2 },
  template: { pathTemplate: "/users/{id}/orders" },
  clientIp: { clientIp: {} },
  principal: { principal: {} },
  traceId: { traceId: {} },
  sub: { claim: "sub" },
  tenant: { claim: ["https://shop.example/tenant"] },
  deep: { claim: ["realm", "user", "a.b"] },
  empty: { claim: "empty" },
  none: { claim: ["realm", "nobody"] },
  ...Object.fromEntries(
    ["groups", "nobody", "level", "below", "share", "admin", "guest", "nothing", "realm"].map((name) => [name, { claim: name }]),
  ),
  constant: { constant: "" },
  ...attributes(
    ...["method", "host", "scheme", "path", "url_path", "query", "id", "useragent", "referer", "size"].map((name) => `request.${name}`),
    "request.headers[X-A]",
    "request.auth.claims[sub]",
    "request.auth.claims[realm][user][a.b]",
    "source.principal",
    "source.ip",
    "remote.ip",
    "source.address",
    "source.port",
    "destination.address",
    "destination.port",
    "connection.requested_server_name",
    "connection.uri_san_peer_certificate",
    "connection.dns_san_peer_certificate",
    "connection.subject_peer_certificate",
    "connection.sha256_peer_certificate_digest",
    "connection.tls_version",
    "xds.route_name",
    "xds.cluster_name",
    "xds.virtual_host_name",
  ),
};

const when = {
  exact: [{ header: "x-a", exact: "one" }],
  notExact: [{ header: "x-a", exact: "one", not: true }],
  prefix: [{ attribute: "request.url_path", prefix: "/users/" }],
  suffix: [{ query: "id", suffix: "7" }],
  in: [{ cookie: "session", in: ["s1", "s2"] }],
  present: [{ query: "id", present: true }],
  absent: [{ query: "id", present: false }],
  loopback: [{ clientIp: {}, cidr: ["10.0.0.0/8", "127.0.0.0/8", "::1"] }],
  notLoopback: [{ clientIp: {}, cidr: ["127.0.0.0/8"], not: true }],
  headerIn: [{ header: "x-a", cidr: ["10.0.0.0/8", "2001:db8::/32"] }],
  headerNotIn: [{ header: "x-a", cidr: ["10.0.0.0/8"], not: true }],
  both: [
    { header: "x-a", present: true },
    { query: "id", present: true },
  ],
  friend: [{ principal: {}, prefix: "cluster.local/ns/shop/" }],
};

const metadata = {
  name: "envoy.filters.http.set_metadata",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config",
    metadata: [{ metadata_namespace: "envoy.filters.http.jwt_authn", value: { payload } }],
  },
};

onBothHosts((open, host) => {
  let target: Target;
  let client: Identity;
  const native = host === "Envoy" ? [metadata] : [];

  beforeAll(async () => {
    const wasm = await fixtureModule();
    const authority = await createAuthority();
    client = await authority.issue({ namespace: "shop", serviceAccount: "reviews", dnsSans: ["reviews.shop.svc"], subject: "CN=reviews" });
    const server = await authority.issue({ namespace: "default", serviceAccount: "server", dnsSans: ["server.default.svc"] });
    const filters = [...native, { name: "values", wasm, config: { values, when } }];
    const keys = {
      v4: { clientIp: { maskV4: 24 } },
      whole: { clientIp: {} },
      none: { clientIp: { maskV4: 0 } },
      wide: { clientIp: { maskV6: 32 } },
    };
    const trusting = { use_remote_address: true, xff_num_trusted_hops: 1 };
    target = await open({
      listeners: {
        plain: { filters },
        tls: { filters, tls: { identity: server, clientCertificate: "optional" } },
        behind: { filters, httpConnectionManager: trusting },
        masked: { filters: [{ name: "values", wasm, config: { masks: true, values: keys } }], httpConnectionManager: trusting },
      },
      routes: [{ ...route("app"), name: "main-route" }],
      upstreams: { app: {} },
    });
  });

  /** What the filter found, by name. */
  async function ask(request: Parameters<Target["request"]>[0]): Promise<Record<string, string>> {
    const metadata = host === "Envoy" ? {} : { metadata: { "envoy.filters.http.jwt_authn": { payload } } };
    const response = await target.request({ listener: "plain", ...request, ...metadata });
    expect(response.status).toBe(200);
    const lines = response.body.toString("latin1").split("\n").slice(0, -1);
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  }

  test("a header has all of its lines, and is unique only alone", async () => {
    const repeated = await ask({
      headers: [
        ["x-a", "one"],
        ["x-b", "b"],
        ["X-A", ""],
      ],
    });
    expect([repeated["header"], repeated["request.headers[X-A]"]]).toEqual(["[one][]", "[one][]"]);
    expect((await ask({ headers: { "x-a": "" } }))["header"]).toBe("[] unique");
    expect((await ask({}))["header"]).toBe("");
  });

  test("a trace has the id that a valid traceparent says, and none otherwise", async () => {
    const id = "0af7651916cd43dd8448eb211c80319c";
    const parent = "b7ad6b7169203331";
    const traceId = async (...headers: string[]) =>
      (await ask({ headers: headers.map((value): [string, string] => ["traceparent", value]) }))["traceId"];

    for (const valid of [`00-${id}-${parent}-01`, `00-${id}-${parent}-ff`, `cc-${id}-${parent}-00`, `01-${id}-${parent}-01-more`]) {
      expect([valid, await traceId(valid)]).toEqual([valid, `[${id}] unique`]);
    }
    const invalid = [
      "",
      "junk",
      id,
      `00-${id}-${parent}-1`,
      `00-${id}-${parent}-01-more`,
      `01-${id}-${parent}-01more`,
      `ff-${id}-${parent}-01`,
      `0x-${id}-${parent}-01`,
      `00-${id}-${parent}-0g`,
      `00_${id}-${parent}-01`,
      `00-${id}_${parent}-01`,
      `00-${id}-${parent}_01`,
      `00-${id.toUpperCase()}-${parent}-01`,
      `00-${"0".repeat(32)}-${parent}-01`,
      `00-${id}-${"0".repeat(16)}-01`,
    ];
    for (const text of invalid) expect([text, await traceId(text)]).toEqual([text, ""]);
    expect(await traceId()).toBe("");
    expect(await traceId(`00-${id}-${parent}-01`, `00-${id}-${parent}-01`)).toBe("");
  });

  test.each(["http/1.1", "h2c"] as const)("cookies of all Cookie headers are found, over %s", async (protocol) => {
    const cookie = async (...headers: string[]) =>
      (await ask({ protocol, headers: headers.map((value): [string, string] => ["cookie", value]) }))["cookie"];

    expect(await cookie("a=1; session=s1")).toBe("[s1] unique");
    expect(await cookie("session=s1; a=1", 'b=2; session="s 2"')).toBe('[s1]["s 2"]');
    expect(await cookie("session=; Session=x; sessions=y")).toBe("[] unique");
    expect(await cookie("session")).toBe("");
    expect(await cookie()).toBe("");
  });

  test("query parameters are raw bytes, all of them", async () => {
    const query = async (path: string) => {
      const found = await ask({ path });
      return [found["query"], found["request.query"]];
    };

    expect(await query("/?id=1")).toEqual(["[1] unique", "[id=1] unique"]);
    expect(await query("/?id=1&x=2&id&id=%31")).toEqual(["[1][][%31]", "[id=1&x=2&id&id=%31] unique"]);
    expect(await query("/?i%64=1&ID=2")).toEqual(["", "[i%64=1&ID=2] unique"]);
    expect(await query("/?")).toEqual(["", "[] unique"]);
    expect(await query("/id=1")).toEqual(["", ""]);
  });

  test("where the walk of one request ended is nothing to the next", async () => {
    await ask({ path: "/?x=0123456789&id=1" });
    expect((await ask({ path: "/?id=1&id=2" }))["query"]).toBe("[1][2]");
  });

  test("thousands of one parameter do not cost the square of them", async () => {
    expect((await ask({ path: `/?${"id&".repeat(10_000)}` }))["query"]).toBe("[]".repeat(10_000));
  });

  test("a path has segments, and a template stands for many", async () => {
    const path = async (path: string) => {
      const found = await ask({ path });
      return ["request.path", "request.url_path", "first", "third", "template"].map((name) => found[name]);
    };
    const template = "[/users/{id}/orders] unique";

    expect(await path("/users/7/orders?x=/")).toEqual([
      "[/users/7/orders?x=/] unique",
      "[/users/7/orders] unique",
      "[users] unique",
      "[orders] unique",
      template,
    ]);
    expect((await path("/")).slice(2)).toEqual(["[] unique", "", ""]);
    expect((await path("/users//orders")).slice(2)).toEqual(["[users] unique", "[orders] unique", ""]);
    expect((await path("/users/%2F/orders")).slice(4)).toEqual([template]);
    expect((await path("/users/7/orders/")).slice(4)).toEqual([""]);
  });

  test("the client's address is the connection's, or the trusted hop's", async () => {
    const plain = await ask({});
    expect([plain["clientIp"], plain["source.ip"], plain["remote.ip"]]).toEqual(Array(3).fill("[127.0.0.1] unique"));
    expect(plain["source.address"]).toMatch(/^\[127\.0\.0\.1:\d+\] unique$/);
    expect(plain["source.port"]).toBe(plain["source.address"]?.replace("127.0.0.1:", ""));
    expect(plain["destination.address"]).toMatch(/^\[127\.0\.0\.1:\d+\] unique$/);
    expect(plain["destination.port"]).toBe(plain["destination.address"]?.replace("127.0.0.1:", ""));

    const behind = async (address: string) => ask({ listener: "behind", headers: { "x-forwarded-for": `6.6.6.6, ${address}` } });
    expect((await behind("8.8.8.8"))["clientIp"]).toBe("[8.8.8.8] unique");
    expect((await behind("2001:DB8:0:0::1"))["clientIp"]).toBe("[2001:db8::1] unique");
    // What is before the trusted hop is the client's own word.
    expect((await behind("8.8.8.8"))["notLoopback"]).toBe("true");
  });

  test("parts of keys may cut the client's address to its network", async () => {
    const masked = (address: string) => ask({ listener: "masked", headers: { "x-forwarded-for": address } });

    expect(await masked("10.1.2.3")).toEqual({
      v4: "[10.1.2.0/24] unique",
      whole: "[10.1.2.3] unique",
      none: "[0.0.0.0/0] unique",
      wide: "[10.1.2.3] unique",
    });
    expect(await masked("2001:db8:1:2:3::4")).toEqual({
      v4: "[2001:db8:1:2::/64] unique",
      whole: "[2001:db8:1:2::/64] unique",
      none: "[2001:db8:1:2::/64] unique",
      wide: "[2001:db8::/32] unique",
    });
  });

  test("a certificate names the principal; without one there is none", async () => {
    const names = ["principal", "source.principal", "connection.uri_san_peer_certificate", "connection.dns_san_peer_certificate"];
    const read = async (request: Parameters<Target["request"]>[0]) => {
      const found = await ask(request);
      return [...names, "connection.subject_peer_certificate", "connection.tls_version", "connection.requested_server_name", "friend"].map(
        (name) => found[name],
      );
    };

    expect(await read({ listener: "tls", identity: client, serverName: "server.default.svc" })).toEqual([
      "[cluster.local/ns/shop/sa/reviews] unique",
      "[cluster.local/ns/shop/sa/reviews] unique",
      "[spiffe://cluster.local/ns/shop/sa/reviews] unique",
      "[reviews.shop.svc] unique",
      "[CN=reviews] unique",
      "[TLSv1.3] unique",
      "[server.default.svc] unique",
      "true",
    ]);
    expect((await ask({ listener: "tls", identity: client }))["connection.sha256_peer_certificate_digest"]).toMatch(
      /^\[[0-9a-f]{64}\] unique$/,
    );
    expect(await read({ listener: "tls", serverName: "server.default.svc" })).toEqual([
      ...["", "", "", "", ""],
      "[TLSv1.3] unique",
      "[server.default.svc] unique",
      "false",
    ]);
    expect(await read({})).toEqual(["", "", "", "", "", "", "", "false"]);
  });

  test("claims are what jwt_authn left in the metadata", async () => {
    const found = await ask({});
    expect(Object.fromEntries(["sub", "tenant", "deep", "empty", "none"].map((name) => [name, found[name]]))).toEqual({
      sub: "[ann] unique",
      tenant: "[books] unique",
      deep: "[deep] unique",
      empty: "[] unique",
      none: "",
    });
    expect(
      Object.fromEntries(
        ["groups", "nobody", "level", "below", "share", "admin", "guest", "nothing", "realm"].map((name) => [name, found[name]]),
      ),
    ).toEqual({
      groups: "[dev][ops]",
      nobody: "",
      level: "[1700000000] unique",
      below: "[-5] unique",
      share: "[0.25] unique",
      admin: "[true] unique",
      guest: "[false] unique",
      nothing: "",
      realm: "",
    });
    expect([found["request.auth.claims[sub]"], found["request.auth.claims[realm][user][a.b]"]]).toEqual(["[ann] unique", "[deep] unique"]);
  });

  test("further attributes", async () => {
    const found = await ask({
      method: "POST",
      path: "/x",
      body: "12345",
      headers: { host: "shop.example", "user-agent": "probe/1", referer: "r" },
    });
    const read = (name: string) => found[name]?.replace(" unique", "");
    expect(["method", "host", "scheme", "useragent", "referer", "size"].map((name) => read(`request.${name}`))).toEqual(
      "[POST] [shop.example] [http] [probe/1] [r] [5]".split(" "),
    );
    expect(found["request.id"]).toMatch(/^\[[0-9a-f-]{36}\] unique$/);
    expect([read("xds.route_name"), read("xds.cluster_name")]).toEqual(["[main-route]", "[app]"]);
    expect(read("xds.virtual_host_name")).toMatch(/^\[.+\]$/);
    expect(found["constant"]).toBe("[] unique");
  });

  describe("conditions", () => {
    const held = async (request: Parameters<Target["request"]>[0]) => {
      const found = await ask(request);
      return Object.keys(when).filter((name) => found[name] === "true");
    };

    test("an absent value meets no test, and every negated one", async () => {
      expect(await held({})).toEqual(["notExact", "absent", "loopback", "headerNotIn"]);
    });

    test("any occurrence of a repeated value is enough", async () => {
      const headers: [string, string][] = [
        ["x-a", "one"],
        ["x-a", "no address"],
        ["x-a", "10.1.2.3"],
        ["cookie", "session=s0; session=s2"],
      ];
      expect(await held({ path: "/users/1?id=1&id=17", headers })).toEqual([
        "exact",
        "prefix",
        "suffix",
        "in",
        "present",
        "loopback",
        "headerIn",
        "both",
      ]);
    });

    test("an address is compared as one, however it is written", async () => {
      for (const [address, inside] of [
        ["10.0.0.1:8080", true],
        ["::ffff:10.0.0.1", true],
        ["2001:0DB8::0", true],
        ["[2001:db8::1]:80", true],
        ["11.0.0.1", false],
        ["10.0.0.1, 11.0.0.1", false],
        ["10.0.0.256", false],
      ] as const) {
        expect([address, (await held({ headers: { "x-a": address } })).includes("headerIn")]).toEqual([address, inside]);
      }
    });
  });
});
