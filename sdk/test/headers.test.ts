import { beforeAll, expect, test } from "vitest";
import { onBothHosts } from "../../harness/expect/index.ts";
import { type Envoy, type Target, route } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

onBothHosts((open, host) => {
  let target: Target;

  beforeAll(async () => {
    const wasm = await fixtureModule();
    const listener = (name: string, edits: boolean) => ({
      filters: [{ name: "echo", rootId: "echo", wasm, config: { greeting: name, edits } }],
    });
    const connect = host === "Envoy" ? [{ match: { connect_matcher: {} }, route: { cluster: "app" } }] : [];
    target = await open({
      listeners: { plain: listener("plain", false), edits: listener("edits", true) },
      routes: [route("app"), ...connect],
      httpConnectionManager: {
        common_http_protocol_options: { max_headers_count: 2000 },
        max_request_headers_kb: 96,
        ...(host === "Envoy" ? { http2_protocol_options: { allow_connect: true }, upgrade_configs: [{ upgrade_type: "CONNECT" }] } : {}),
      },
      upstreams: {
        app: {
          respond: { status: 200, body: "ok", trailers: { "x-end": "1" } },
          cluster: {
            typed_extension_protocol_options: {
              "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": { common_http_protocol_options: { max_headers_count: 3000 } },
            },
          },
        },
      },
    });
  }, 120_000);

  /** What the upstream received of a request through `listener`. */
  async function through(listener: string, headers: [string, string][], extra: object = {}) {
    const before = target.upstream("app").requests.length;
    const response = await target.request({ listener, path: "/", headers, ...extra });
    expect(response.status).toBe(200);
    const received = target.upstream("app").requests[before];
    if (!received) throw new Error("the upstream received nothing");
    return { response, received, seen: received.header("x-seen") };
  }

  test("all values of a repeated header are visible, in order, and `unique` refuses to choose", async () => {
    const { seen } = await through("plain", [
      ["x-a", "one"],
      ["x-b", "b"],
      ["X-A", "two"],
    ]);

    expect(seen).toMatch(/count=2 has=yes unique=none peek=\[one\] second=\[two\]/);
  });

  test("an absent header differs from an empty one", async () => {
    const absent = await through("plain", []);
    const empty = await through("plain", [["x-a", ""]]);

    expect(absent.seen).toMatch(/count=0 has=no unique=none peek=none/);
    expect(empty.seen).toMatch(/count=1 has=yes unique=\[\] peek=\[\]/);
    expect(absent.received.header("x-values")).toBeUndefined();
  });

  test("binary values go through byte for byte", async () => {
    const value = `a\xff\x80\xc3(\xe9${String.fromCharCode(0xa0)}z`;
    const { received } = await through("plain", [["x-a", value]]);

    expect(received.header("x-values")).toBe(value);
    expect(received.header("x-a")).toBe(value);
  });

  test("more than 1,024 headers are read in full", async () => {
    const many = Array.from({ length: 1025 }, (_, i): [string, string] => ["x-a", String(i)]);
    const { seen } = await through("plain", many);

    expect(seen).toMatch(/count=1025 /);
    expect(Number(/size=(\d+)/.exec(seen ?? "")?.[1])).toBeGreaterThan(1030);
  });

  test("60 KiB of headers are read in full", async () => {
    const long = "v".repeat(15 * 1024);
    const { seen, received } = await through("plain", [
      ["x-a", long],
      ["x-b", long],
      ["x-c", long],
      ["x-d", long],
    ]);

    expect(seen).toMatch(/count=1 /);
    expect(received.header("x-values")).toBe(long);
  });

  test("edits go to the upstream, and the view that they leave is the host's own", async () => {
    const { received } = await through("edits", [
      ["x-a", "1"],
      ["x-b", "2"],
      ["x-b", "3"],
      ["x-c", "4"],
      ["x-forwarded-for", "10.0.0.1"],
    ]);

    expect(received.headerValues("x-a")).toEqual(["1", "added"]);
    expect(received.headerValues("x-b")).toEqual(["replaced"]);
    expect(received.header("x-c")).toBeUndefined();
    expect(received.path).toBe("/edited");
    expect(received.header("x-view")).toBe("same");
    expect(received.header("x-again")).toBe("same");
    expect(received.header("x-truth")).toMatch(/:path=\/edited/);
    expect(received.header("x-truth")).toMatch(/x-b=replaced; x-d=new/);
  });

  test("the same holds over HTTP/2, with trailers both ways", async () => {
    const { response, received, seen } = await through(
      "plain",
      [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
      {
        protocol: "h2c",
        method: "POST",
        body: "hello",
        trailers: { "x-t": "1" },
      },
    );
    const whole = await received.complete;

    expect(seen).toMatch(/count=2 /);
    expect(whole.text()).toBe("hello");
    expect(whole.trailers).toContainEqual(["x-seen", "size=1"]);
    expect(response.header("x-body-bytes")).toBe("5");
  });

  test("response trailers are seen and edited", async () => {
    const { response } = await through("plain", [], { protocol: "h2c" });

    expect(response.trailers).toContainEqual(["x-end", "1"]);
    expect(response.trailers).toContainEqual(["x-seen", "size=1"]);
  });

  test.runIf(host === "Envoy")("CONNECT without :path reaches the filter and traps nothing", async () => {
    const answer = (
      await (target as Envoy).raw("CONNECT example.com:80 HTTP/1.1\r\nhost: example.com:80\r\n\r\n", { listener: "plain" })
    ).toString("latin1");
    const next = await through("plain", []);

    // This upstream speaks no CONNECT; what matters is that the answer came through the filter's response callback.
    expect(answer).toMatch(/^HTTP\/1\.1 \d{3}/);
    expect(answer).toMatch(/x-body-bytes: 0/);
    expect(next.seen).toMatch(/count=0/);
    expect(target.logs().wasm.filter((line) => line.level === "critical")).toEqual([]);
  });
});
