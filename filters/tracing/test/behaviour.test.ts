// What the upstream receives, what the client is told, what the access log says: the same on the in-process host and on Envoy.
import { beforeAll, describe, expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import type { Target } from "../../../harness/index.ts";
import type { TracingConfig } from "../config.ts";
import { tracingModule } from "./support.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const incoming = `00-${TRACE}-${SPAN}-01`;
const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/;

const configs = {
  plain: {},
  edge: { inbound: "restart", baggage: { allow: ["tenant"] } },
  "edge without baggage": { inbound: "restart" },
  "edge with limits": { inbound: "restart", baggage: { maxMembers: 5 } },
  egress: { strip: true },
  off: { mode: "off" },
  "own member": { tracestate: { key: "shop", value: "checkout" } },
  "own span member": { tracestate: { key: "shop" } },
  "never sampled": { sampling: { percentage: 0, forceHeader: "x-force-trace" } },
  rules: {
    sampling: {
      percentage: 0,
      rules: [
        {
          when: [
            { attribute: "request.url_path", prefix: "/checkout" },
            { attribute: "request.method", exact: "POST", not: true },
          ],
          percentage: 100,
        },
        { when: [{ header: "x-user", in: ["ann", "bob"] }], percentage: 100 },
        { when: [{ attribute: "request.query", present: true }], percentage: 100 },
      ],
    },
  },
  "not parent based": { sampling: { parentBased: false, percentage: 0 } },
  baggage: { baggage: { maxMembers: 2, allow: ["a", "b", "c"] } },
  timing: { response: { serverTiming: true } },
  "no inject": { inject: [] },
  "edge without inject": { inbound: "restart", inject: [] },
  "edge with force": { inbound: "restart", sampling: { percentage: 0, forceHeader: "x-force-trace" } },
  "short baggage": { baggage: { maxBytes: 100 } },
  "observe timing": { mode: "observe", response: { serverTiming: true } },
  "no extract": { extract: [] },
} as const satisfies Record<string, TracingConfig>;
type Name = keyof typeof configs;

onBothHosts((open) => {
  let target: Target;

  beforeAll(async () => {
    const wasm = await tracingModule();
    target = await open({
      // One VM for all: each listener's root must keep to its own configuration.
      listeners: Object.fromEntries(
        Object.entries(configs).map(([name, config]) => [name, { filters: [{ name, vmId: "meshscript.tracing", wasm, config }] }]),
      ),
      upstreams: { app: {} },
    });
  }, 120_000);

  async function through(listener: Name, headers: [string, string][] = [], extra: object = {}) {
    const before = target.upstream("app").requests.length;
    const response = await target.request({ listener, headers, ...extra });
    const received = target.upstream("app").requests[before];
    expect(response.status).toBe(200);
    if (!received) throw new Error("the upstream received nothing");
    const [, trace, span, flags] = received.header("traceparent")?.split("-") ?? [];
    return { response, received, trace, span, flags };
  }

  describe("traceparent", () => {
    test("is made where none came, once", async () => {
      const { received, flags } = await through("plain", [["tracestate", "foo=1"]]);

      expect(received.headerValues("traceparent")).toHaveLength(1);
      expect(received.header("traceparent")).toMatch(TRACEPARENT);
      expect(flags).toBe("03");
      expect(received.header("tracestate")).toBeUndefined();
    });

    test("is continued with a span of our own, tracestate untouched", async () => {
      const { received, trace, span, flags } = await through("plain", [
        ["traceparent", incoming],
        ["tracestate", "foo=1,bar=2"],
        ["tracestate", "baz=3"],
      ]);

      expect({ trace, flags }).toEqual({ trace: TRACE, flags: "01" });
      expect(span).not.toBe(SPAN);
      expect(received.headerValues("tracestate")).toEqual(["foo=1,bar=2", "baz=3"]);
    });

    test.each<[string, [string, string][]]>([
      [
        "repeated",
        [
          ["traceparent", incoming],
          ["traceparent", `00-${TRACE}-b7ad6b7169203332-01`],
        ],
      ],
      [
        "repeated with other case",
        [
          ["traceparent", incoming],
          ["TraceParent", incoming],
        ],
      ],
      ["joined", [["traceparent", `${incoming},${incoming}`]]],
      ["malformed", [["traceparent", `00-${TRACE}-${SPAN}-1`]]],
      ["not ASCII", [["traceparent", `00-${TRACE}-${SPAN}-0\xff`]]],
      ["empty", [["traceparent", ""]]],
    ])("that is %s begins a new trace and drops tracestate", async (_, headers) => {
      const { received, trace } = await through("plain", [...headers, ["tracestate", "foo=1"]]);

      expect(received.headerValues("traceparent")).toHaveLength(1);
      expect(received.header("traceparent")).toMatch(TRACEPARENT);
      expect(trace).not.toBe(TRACE);
      expect(received.header("tracestate")).toBeUndefined();
    });

    test("goes over HTTP/2 the same way", async () => {
      const { trace, flags } = await through("plain", [["traceparent", incoming]], { protocol: "h2c" });

      expect({ trace, flags }).toEqual({ trace: TRACE, flags: "01" });
    });
  });

  describe("tracestate", () => {
    test("with a bad member is dropped as a whole, the trace goes on", async () => {
      const { received, trace } = await through("plain", [
        ["traceparent", incoming],
        ["tracestate", "foo=1"],
        ["tracestate", "bar"],
      ]);

      expect(trace).toBe(TRACE);
      expect(received.header("tracestate")).toBeUndefined();
    });

    test("of 33 members in two headers is dropped as a whole", async () => {
      const list = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `k${from + i}=1`).join(",");
      const kept = await through("plain", [
        ["traceparent", incoming],
        ["tracestate", list(0, 20)],
        ["tracestate", list(20, 32)],
      ]);
      const dropped = await through("plain", [
        ["traceparent", incoming],
        ["tracestate", list(0, 20)],
        ["tracestate", list(20, 33)],
      ]);

      expect(kept.received.headerValues("tracestate")).toHaveLength(2);
      expect(dropped.received.header("tracestate")).toBeUndefined();
    });

    test("gets our member in front, also where none came", async () => {
      const came = await through("own member", [
        ["traceparent", incoming],
        ["tracestate", "foo=1,shop=old"],
        ["tracestate", "bar=2"],
      ]);
      const none = await through("own member");
      const own = await through("own span member", [["traceparent", incoming]]);

      expect(came.received.headerValues("tracestate")).toEqual(["shop=checkout,foo=1,bar=2"]);
      expect(none.received.headerValues("tracestate")).toEqual(["shop=checkout"]);
      expect(own.received.header("tracestate")).toBe(`shop=${own.span}`);
    });
  });

  describe("at the edges", () => {
    test("an untrusted inbound edge replaces what comes, and lets only named baggage in", async () => {
      const headers: [string, string][] = [
        ["traceparent", incoming],
        ["tracestate", "foo=1"],
        ["baggage", "tenant=blue,admin=true"],
      ];
      const named = await through("edge", headers);
      const none = await through("edge without baggage", headers);
      const unnamed = await through("edge with limits", headers);

      expect(named.trace).toMatch(/^[0-9a-f]{32}$/);
      expect(named.trace).not.toBe(TRACE);
      expect(named.received.header("tracestate")).toBeUndefined();
      expect(named.received.header("baggage")).toBe("tenant=blue");
      expect([none, unnamed].map(({ received }) => received.header("baggage"))).toEqual([undefined, undefined]);
    });

    test("egress strips every trace header and nothing else", async () => {
      const headers: [string, string][] = [
        ["traceparent", incoming],
        ["traceparent", incoming],
        ["x-keep", "1"],
        ["tracestate", "foo=1"],
        ["baggage", "a=1"],
        ["b3", "0"],
        ["X-B3-TraceId", TRACE],
        ["x-b3-sampled", "1"],
        ["uber-trace-id", "1:2:0:1"],
        ["uberctx-user", "ann"],
        ["x-datadog-trace-id", "1"],
      ];
      const { received } = await through("egress", headers);
      const names = received.headers.map(([name]) => name.toLowerCase());

      expect(names.filter((name) => /trace|b3|baggage|uber|datadog/.test(name))).toEqual([]);
      expect(received.header("x-keep")).toBe("1");
    });

    test("an untrusted edge that writes nothing lets nothing through either, and nobody outside forces a sample", async () => {
      const { received } = await through("edge without inject", [
        ["traceparent", incoming],
        ["tracestate", "a=b"],
      ]);
      const forced = await through("edge with force", [["x-force-trace", "1"]]);

      expect([received.header("traceparent"), received.header("tracestate")]).toEqual([undefined, undefined]);
      expect(forced.flags).toBe("02");
    });

    test("off, no extract and no inject do what they say", async () => {
      const headers: [string, string][] = [
        ["traceparent", "junk"],
        ["tracestate", "foo=1"],
      ];
      const off = await through("off", headers);
      const inject = await through("no inject", headers);
      const extract = await through("no extract", [
        ["traceparent", incoming],
        ["tracestate", "foo=1"],
      ]);

      expect([off.received.header("traceparent"), off.received.header("tracestate")]).toEqual(["junk", "foo=1"]);
      expect(inject.received.header("traceparent")).toBe("junk");
      expect(extract.trace).not.toBe(TRACE);
    });
  });

  describe("sampling", () => {
    test("the caller's decision holds, forcing wins, 0 % samples nothing", async () => {
      expect((await through("never sampled")).flags).toBe("02");
      expect((await through("never sampled", [["traceparent", incoming]])).flags).toBe("01");
      expect((await through("never sampled", [["x-force-trace", "1"]])).flags).toBe("03");
      expect((await through("never sampled", [["x-force-trace", "false"]])).flags).toBe("02");
      expect((await through("not parent based", [["traceparent", incoming]])).flags).toBe("00");
    });

    test("the first rule whose conditions all hold gives the percentage", async () => {
      const flags = async (path: string, headers: [string, string][] = [], method = "GET") =>
        (await through("rules", headers, { path, method })).flags;

      expect(await flags("/")).toBe("02");
      expect(await flags("/checkout/1")).toBe("03");
      expect(await flags("/checkout/1", [], "POST")).toBe("02");
      expect(await flags("/", [["x-user", "bob"]])).toBe("03");
      expect(
        await flags("/", [
          ["x-user", "eve"],
          ["x-user", "ann"],
        ]),
      ).toBe("03");
      expect(await flags("/?q=1")).toBe("03");
    });
  });

  test("baggage above its limits or not allowed is cut, several headers become one", async () => {
    const { received } = await through("baggage", [
      ["baggage", "a=1,x=9"],
      ["baggage", "b=2;p=1,c=3"],
    ]);
    const untouched = await through("plain", [
      ["baggage", "a=1,,junk"],
      ["baggage", "b"],
    ]);

    expect(received.headerValues("baggage")).toEqual(["a=1,b=2;p=1"]);
    expect(untouched.received.headerValues("baggage")).toEqual(["a=1,,junk", "b"]);
  });

  test("baggage that is too long only by its blanks is cut to what it says", async () => {
    const { received } = await through("short baggage", [["baggage", `a=1,${" ".repeat(300)},b=2`]]);

    expect(received.headerValues("baggage")).toEqual(["a=1,b=2"]);
  });

  test("what a higher version has behind its 55 bytes is not told to the client", async () => {
    const { response } = await through("observe timing", [["traceparent", `cc-${TRACE}-${SPAN}-01-x,evil;desc="injected"`]]);

    expect(response.header("server-timing")).toBe(`trace;desc=cc-${TRACE}-${SPAN}-01`);
  });

  test("Server-Timing tells the client the trace that went on", async () => {
    const { response, received } = await through("timing");

    expect(response.header("server-timing")).toBe(`trace;desc=${received.header("traceparent")}`);
  });

  test("each action is counted", async () => {
    const before = await target.stats("meshscript_tracing");
    await through("plain");
    await through("plain", [["traceparent", incoming]]);
    await through("plain", [["traceparent", "x"]]);
    await through("egress");
    const after = await target.stats("meshscript_tracing");
    const grown = (name: string) =>
      Number(after.get(`wasmcustom.meshscript_tracing_${name}_total`)) - Number(before.get(`wasmcustom.meshscript_tracing_${name}_total`));

    expect(["started", "continued", "restarted", "stripped"].map(grown)).toEqual([1, 1, 1, 1]);
  });

  test("the access log has the action, our span and the caller's", async () => {
    const logged = await open({
      filters: [{ name: "tracing", wasm: await tracingModule() }],
      upstreams: { app: {} },
      accessLog: { tracing: "%FILTER_STATE(wasm.meshscript.tracing:PLAIN)%" },
    });
    await logged.request({ headers: { traceparent: incoming } });
    await logged.request();
    const sent = logged.upstream("app").requests.map((request) => request.header("traceparent"));
    const entries = (await logged.waitForAccessLog(2)).map((entry) => entry["tracing"]);

    expect(entries).toEqual([`action=continue traceparent=${sent[0]} parent=${SPAN}`, `action=start traceparent=${sent[1]} parent=-`]);
  });
});
