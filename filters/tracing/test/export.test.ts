// Spans on their way to a collector: what they say, when they go, and what becomes of them when nobody takes them. On both hosts.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import { type Target, type WasmFilterSpec, createAuthority, route } from "../../../harness/index.ts";
import type { ModuleReport } from "../../../modules/index.ts";
import type { TracingConfig } from "../config.ts";
import { type SpanView, collected, counts, pass, spansOf } from "./spans.ts";
import { tracingModule } from "./support.ts";

type Export = NonNullable<TracingConfig["export"]>;

const wasm = await tracingModule();
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const incoming = `00-${TRACE}-${SPAN}-01`;

const filter = (config: TracingConfig, rest: Partial<WasmFilterSpec> = {}): WasmFilterSpec => ({ name: "tracing", wasm, config, ...rest });
/** Each span by itself, at once. */
const one: Export = { format: "zipkin", cluster: "collector", batch: 1, timeout: "300ms" };
const sending = (more: Partial<Export> = {}, rest: TracingConfig = {}): TracingConfig => ({ ...rest, export: { ...one, ...more } });

/** A request of the test's, which is sampled unless it says otherwise. */
async function ask(target: Target, options: Parameters<Target["request"]>[0] = {}) {
  const response = await target.request({ headers: { traceparent: incoming }, ...options });
  pass(target, "1ms");
  return response;
}

async function expectCounts(target: Target, expected: Awaited<ReturnType<typeof counts>>): Promise<void> {
  await eventually(async () => expect(await counts(target)).toEqual(expected));
}

onBothHosts((open, host) => {
  describe.each(["zipkin", "otlp"] as const)("%s", (format) => {
    test("a trace of three hops is one tree, with the ids that the upstreams got", async () => {
      const hop = (service: string, kind: "server" | "client", rest: TracingConfig = {}) => ({
        filters: [
          filter(sending({ format, service, kind, batch: 100, interval: "100ms" }, rest), { name: service, vmId: "meshscript.tracing" }),
        ],
      });
      const target = await open({
        listeners: {
          edge: hop("edge", "server", { inbound: "restart" }),
          out: hop("shop", "client", { inject: ["b3multi", "tracecontext"] }),
          in: hop("reviews", "server", { inject: ["b3", "tracecontext"] }),
        },
        upstreams: { app: {}, collector: { respond: { status: 202 } } },
      });
      // Each service sends on what it got, as services do.
      let traceparent = incoming;
      const sent: string[][] = [];
      for (const listener of ["edge", "out", "in"]) {
        await target.request({ listener, path: `/${listener}/1?secret=2`, headers: { traceparent, "user-agent": "shop/1.0" } });
        traceparent = target.upstream("app").requests.at(-1)?.header("traceparent") ?? "";
        sent.push(traceparent.split("-").slice(1, 3));
      }
      pass(target, "100ms");
      const spans = await collected(target, 3);
      const [edge, out, last] = ["edge", "shop", "reviews"].map((name) => spans.find(({ service }) => service === name));

      expect([edge, out, last].map((span) => [span?.trace, span?.id])).toEqual(sent);
      expect(new Set(spans.map(({ trace }) => trace)).size).toBe(1);
      expect([edge?.parent, out?.parent, last?.parent]).toEqual([undefined, edge?.id, out?.id]);
      expect([edge?.kind, out?.kind, last?.kind]).toEqual(["SERVER", "CLIENT", "SERVER"]);
      expect(spans.map(({ name, error }) => [name, error])).toEqual([1, 2, 3].map(() => ["GET", false]));
      expect(last?.attributes).toMatchObject({
        "http.request.method": "GET",
        "http.response.status_code": "200",
        "url.scheme": "http",
        "url.path": "/in/1",
        "server.address": "127.0.0.1",
        "server.port": expect.stringMatching(/^\d+$/) as string,
        "client.address": "127.0.0.1",
        "client.port": expect.stringMatching(/^\d+$/) as string,
        "network.protocol.version": "1.1",
        "user_agent.original": "shop/1.0",
        "guid:x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        upstream_cluster: "app",
        "service.instance.id": "meshscript",
      });
      expect(out?.attributes).toMatchObject({ "network.peer.address": "127.0.0.1" });
      expect(out?.attributes["client.address"]).toBeUndefined();
      expect(JSON.stringify(spans)).not.toContain("secret");
      for (const { start, duration } of spans) {
        if (host === "Envoy") expect(Math.abs(start / 1_000 - Date.now())).toBeLessThan(30_000);
        expect(duration).toBeGreaterThanOrEqual(0);
        expect(duration).toBeLessThan(10_000_000);
      }
      const [batch] = target.upstream("collector").requests;
      expect([batch?.method, batch?.path, batch?.authority]).toEqual([
        "POST",
        format === "zipkin" ? "/api/v2/spans" : "/v1/traces",
        "collector",
      ]);
      expect(batch?.header("content-type")).toBe("application/json");
      await expectCounts(target, { exported: 3, dropped: 0, failures: 0 });
    });

    test("what went wrong is an error of the span, a client's mistake only of the client's", async () => {
      const listener = (kind: "server" | "client") => ({
        filters: [filter(sending({ format, kind }), { name: kind, vmId: "meshscript.tracing" })],
        routes: [{ ...route("app"), name: "all" }],
      });
      const target = await open({
        listeners: { server: listener("server"), client: listener("client") },
        upstreams: { app: { respond: ({ path }) => ({ status: Number(path.slice(1)) }) }, collector: {} },
      });
      const found: [string, boolean, string | undefined, string | undefined][] = [];
      for (const kind of ["server", "client"]) {
        for (const status of [204, 404, 503]) {
          await ask(target, { listener: kind, path: `/${status}` });
          const spans = await collected(target, found.length + 1);
          const { name, error, attributes } = spans.at(-1) as SpanView;
          found.push([name, error, attributes["http.response.status_code"], attributes["error.type"]]);
        }
      }

      expect(found).toEqual([
        ["GET all", false, "204", undefined],
        ["GET all", false, "404", undefined],
        ["GET all", true, "503", "503"],
        ["GET all", false, "204", undefined],
        ["GET all", true, "404", "404"],
        ["GET all", true, "503", "503"],
      ]);
    });
  });

  test("Envoy's flags and details are there, also of a request that nobody answered", async () => {
    const target = await open({
      filters: [filter(sending())],
      routes: [
        { match: { prefix: "/nobody" }, route: { cluster: "empty" } },
        { match: { prefix: "/app" }, route: { cluster: "app" } },
      ],
      upstreams: {
        app: { respond: ({ path }) => (path === "/app/reset" ? { reset: "before-headers" } : { delay: "60s" }) },
        collector: {},
      },
      clusters: [{ name: "empty", type: "STATIC", load_assignment: { cluster_name: "empty" } }],
    });
    for (const path of ["/none", "/nobody", "/app/reset"]) await ask(target, { path });
    const leaving = target.request({ path: "/app/slow", headers: { traceparent: incoming } });
    const gone = leaving.catch(() => "gone");
    await eventually(() => expect(target.upstream("app").arrivals).toHaveLength(2));
    leaving.abort();
    await gone;
    pass(target, "1ms");
    const spans = await collected(target, 4);
    const of = (span: SpanView | undefined) =>
      ["http.response.status_code", "response_flags", "response_code_details", "error.type"].map((key) => span?.attributes[key]);
    const details = "upstream_reset_before_response_started{connection_termination}";

    expect(spans.map(of)).toEqual([
      ["404", "NR", "route_not_found", undefined],
      ["503", "UH", "no_healthy_upstream", "503"],
      ["503", "UC", details, "503"],
      [undefined, "DC", "downstream_remote_disconnect", "downstream_remote_disconnect"],
    ]);
    expect(spans.map(({ error }) => error)).toEqual([false, true, true, true]);
  });

  test("methods that are none do not make names; debug, 64-bit ids and HTTP/2 come through", async () => {
    const target = await open({ filters: [filter(sending({}, { extract: ["b3"] }))], upstreams: { app: {}, collector: {} } });
    await ask(target, { protocol: "h2c", method: "FOO", path: "/a?b", headers: { b3: `${SPAN}-00000000000000ff-d` } });
    const spans = await collected(target, 1);
    const body = target.upstream("collector").requests[0]?.json();

    expect(spans[0]).toMatchObject({ name: "HTTP", trace: `0000000000000000${SPAN}`, parent: "00000000000000ff" });
    expect(spans[0]?.attributes).toMatchObject({
      "http.request.method": "_OTHER",
      "http.request.method_original": "FOO",
      "network.protocol.version": "2",
      "url.path": "/a",
    });
    expect(body).toMatchObject([{ debug: true, remoteEndpoint: { ipv4: "127.0.0.1" } }]);
  });

  test("gRPC's status is that of the call: some are errors of the server, all others but 0 of the client", async () => {
    const target = await open({
      listeners: Object.fromEntries(
        (["server", "client"] as const).map((kind) => [
          kind,
          { filters: [filter(sending({ kind }), { name: kind, vmId: "meshscript.tracing" })] },
        ]),
      ),
      upstreams: {
        app: {
          protocol: "h2c",
          respond: ({ path }) => ({
            headers: { "content-type": "application/grpc" },
            body: "",
            trailers: { "grpc-status": path.slice(1) },
          }),
        },
        collector: {},
      },
    });
    const found: [string | undefined, string | undefined][] = [];
    for (const listener of ["server", "client"]) {
      for (const status of [0, 5, 14]) {
        const headers = { traceparent: incoming, "content-type": "application/grpc", te: "trailers" };
        await ask(target, { listener, protocol: "h2c", method: "POST", path: `/${status}`, headers });
        const { attributes } = (await collected(target, found.length + 1)).at(-1) as SpanView;
        found.push([attributes["rpc.grpc.status_code"], attributes["error.type"]]);
      }
    }

    expect(found).toEqual([
      ["0", undefined],
      ["5", undefined],
      ["14", "14"],
      ["0", undefined],
      ["5", "5"],
      ["14", "14"],
    ]);
  });

  test("who called is in the server's span", async () => {
    const authority = await createAuthority();
    const [server, client] = await Promise.all(["app", "web"].map((serviceAccount) => authority.issue({ serviceAccount })));
    if (!server || !client) throw new Error("no identities");
    const target = await open({ filters: [filter(sending())], tls: { identity: server }, upstreams: { app: {}, collector: {} } });
    await ask(target, { identity: client, trust: authority });

    expect((await collected(target, 1))[0]?.attributes).toMatchObject({
      "source.principal": "cluster.local/ns/default/sa/web",
      "url.scheme": "https",
    });
  });

  test("headers, path, authority, service and attributes are those of the configuration; secrets come from the environment", async () => {
    const config = sending({
      path: "/in?tenant=1",
      authority: "collector.tools:9411",
      headers: { "x-api-key": { env: "KEY" }, "X-Tenant": "shop" },
      service: 'say "hi"\\',
      attributes: { "deployment.environment.name": "staging", team: '"\\' },
    });
    const target = await open({ filters: [filter(config, { environment: { KEY: "s3cret" } })], upstreams: { app: {}, collector: {} } });
    await ask(target);
    const [span] = await collected(target, 1);
    const [batch] = target.upstream("collector").requests;

    expect([batch?.path, batch?.authority]).toEqual(["/in?tenant=1", "collector.tools:9411"]);
    expect([batch?.header("x-api-key"), batch?.header("x-tenant")]).toEqual(["s3cret", "shop"]);
    expect(span?.service).toBe('say "hi"\\');
    expect(span?.attributes).toMatchObject({ "deployment.environment.name": "staging", team: '"\\' });
  });

  test("the host of an Istio cluster is the authority", async () => {
    const name = "outbound|9411||zipkin.istio-system.svc.cluster.local";
    const target = await open({ filters: [filter(sending({ cluster: name }))], upstreams: { app: {}, [name]: {} } });
    await ask(target);

    expect((await target.upstream(name).received()).authority).toBe("zipkin.istio-system.svc.cluster.local");
  });

  test.each<[string, TracingConfig, Record<string, string>]>([
    ["not sampled", sending(), { traceparent: incoming.replace(/1$/, "0") }],
    ["stripped", sending({}, { strip: true }), { traceparent: incoming }],
    ["observed", sending({}, { mode: "observe" }), { traceparent: incoming }],
    ["passed with mode off", sending({}, { mode: "off" }), { traceparent: incoming }],
    ["not written into", sending({}, { inject: [] }), { traceparent: incoming }],
  ])("a request that is %s has no span", async (_, config, headers) => {
    const target = await open({ filters: [filter(config)], upstreams: { app: {}, collector: {} } });
    expect((await ask(target, { headers })).status).toBe(200);
    pass(target, "10s");

    expect(await counts(target)).toEqual({ exported: 0, dropped: 0, failures: 0 });
    expect(target.upstream("collector").arrivals).toEqual([]);
  });

  describe("batches", () => {
    test("go when they are full, without waiting, and each span once", async () => {
      const target = await open({ filters: [filter(sending({ batch: 3, interval: "1h" }))], upstreams: { app: {}, collector: {} } });
      for (let n = 0; n < 8; n++) await ask(target);
      const spans = await collected(target, 6);

      expect(target.upstream("collector").requests.map((batch) => spansOf(batch).length)).toEqual([3, 3]);
      const sent = target.upstream("app").requests.map((request) => request.header("traceparent")?.split("-")[2]);
      expect(spans.map(({ id }) => id)).toEqual(sent.slice(0, 6));
      await expectCounts(target, { exported: 6, dropped: 0, failures: 0 });
    });

    test("go after the interval with what there is, and nothing goes when there is nothing", async () => {
      const target = await open({ filters: [filter(sending({ batch: 100, interval: "200ms" }))], upstreams: { app: {}, collector: {} } });
      for (let round = 1; round <= 3; round++) {
        await ask(target);
        await ask(target);
        expect(target.upstream("collector").arrivals).toHaveLength(round - 1);
        pass(target, "200ms");
        await collected(target, 2 * round);
        // Long enough that the timer has gone off, and is off.
        pass(target, "1s");
      }

      expect(target.upstream("collector").requests.map((batch) => spansOf(batch).length)).toEqual([2, 2, 2]);
    });

    test("a queue that is full drops what comes, and says how many; what waited goes when the collector answers", async () => {
      let answer: () => void = () => undefined;
      const slow = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const target = await open({
        filters: [filter(sending({ batch: 4, maxQueue: 6, interval: "1h", timeout: "60s" }))],
        upstreams: { app: {}, collector: { respond: { delay: slow } } },
      });
      const statuses: number[] = [];
      // 4 are under way, 6 wait, 3 are too many.
      for (let n = 0; n < 13; n++) statuses.push((await ask(target)).status);
      await expectCounts(target, { exported: 0, dropped: 3, failures: 0 });
      expect(target.upstream("collector").arrivals).toHaveLength(1);
      answer();
      await eventually(() => {
        pass(target, "1ms");
        expect(target.upstream("collector").requests.map((batch) => spansOf(batch).length)).toEqual([4, 4]);
      });

      expect(statuses).toEqual(statuses.map(() => 200));
      await expectCounts(target, { exported: 8, dropped: 3, failures: 0 });
      const sent = target.upstream("app").requests.map((request) => request.header("traceparent")?.split("-")[2]);
      expect((await collected(target, 8)).map(({ id }) => id)).toEqual(sent.slice(0, 8));
    });

    test("memory for spans is bounded, too", async () => {
      const target = await open({
        filters: [filter(sending({ batch: 10_000, maxQueue: 10_000, maxQueueBytes: 65_536, interval: "1h", timeout: "60s" }))],
        upstreams: { app: {}, collector: { respond: { delay: "50s" } } },
      });
      // Some 1.1 KiB each: half of the memory is a batch, too.
      const path = `/${"x".repeat(600)}`;
      for (let n = 0; n < 120; n++) await ask(target, { path });
      const { dropped, ...rest } = await counts(target);
      const [under] = target.upstream("collector").arrivals;

      expect(rest).toEqual({ exported: 0, failures: 0 });
      expect(dropped).toBeGreaterThan(10);
      expect(dropped).toBeLessThan(60);
      expect(Number(under?.header("content-length"))).toBeGreaterThan(30_000);
      expect(Number(under?.header("content-length"))).toBeLessThan(40_000);
    });

    test("each worker has its own, and no span is lost or sent twice", async () => {
      const target = await open({
        filters: [filter(sending({ batch: 5, interval: "100ms" }))],
        upstreams: { app: {}, collector: {} },
        concurrency: 2,
      });
      await Promise.all(Array.from({ length: 40 }, () => target.request({ headers: { traceparent: incoming } })));
      pass(target, "100ms");
      const spans = await collected(target, 40);
      const sent = target.upstream("app").requests.map((request) => request.header("traceparent")?.split("-")[2]);

      expect(new Set(spans.map(({ id }) => id))).toEqual(new Set(sent));
      await expectCounts(target, { exported: 40, dropped: 0, failures: 0 });
    });
  });

  describe("a collector that", () => {
    const cases: [name: string, line: string, options: { respond?: object; cluster?: string }][] = [
      ["answers 500", "the collector answers 500", { respond: { status: 500 } }],
      ["answers 404", "the collector answers 404", { respond: { status: 404 } }],
      ["never answers", "no answer in time", { respond: { delay: "20s" } }],
      ["resets", "no connection, or it broke", { respond: { reset: "before-headers" } }],
      ["breaks off", "no connection, or it broke", { respond: { status: 200, body: ["a", "b"], reset: "mid-body" } }],
      ["has no endpoint", "no endpoint, too many calls under way, or proxy_http_call is not allowed", { cluster: "empty" }],
      ["is not there", "there is no such cluster", { cluster: "unknown" }],
    ];

    test.each(cases)("%s costs its spans and nothing else, and one line of log", async (_, line, { respond, cluster = "collector" }) => {
      const target = await open({
        filters: [filter(sending({ cluster, timeout: "100ms" }))],
        upstreams: { app: { respond: { body: "hello" } }, collector: { ...(respond ? { respond } : {}) } },
        clusters: [{ name: "empty", type: "STATIC", load_assignment: { cluster_name: "empty" } }],
      });
      for (let n = 1; n <= 4; n++) {
        const response = await ask(target);
        expect([response.status, response.text()]).toEqual([200, "hello"]);
        pass(target, "200ms");
        await expectCounts(target, { exported: 0, dropped: n, failures: n });
      }
      const lines = target.logs().wasm.filter(({ message }) => message.includes("export to"));

      expect(lines.map(({ level, message }) => [level, message.replace(/#\d+/, "#N")])).toEqual([
        ["warning", expect.stringContaining(`[tracing #N] export to "${cluster}": ${line}`)],
      ]);
    });

    test("may not answer costs its spans and nothing else", async () => {
      const { imports, callbacks } = JSON.parse(await readFile(wasm.replace(/\.wasm$/, ".report.json"), "utf8")) as ModuleReport;
      const all = [...imports.map(({ name }) => name), ...callbacks];
      const capabilities = all.filter((name) => name !== "proxy_on_http_call_response");
      const target = await open({
        filters: [filter(sending({ interval: "20ms", timeout: "10ms" }), { capabilities })],
        upstreams: { app: {}, collector: {} },
      });
      // The second one waits until the first is given up.
      await ask(target);
      await ask(target);
      pass(target, "6s");
      await eventually(async () => expect(await counts(target)).toMatchObject({ exported: 0, dropped: 1, failures: 1 }), {
        timeout: 9_000,
      });
      await target.waitForLog("no word of a batch: allow proxy_on_http_call_response in capability_restriction_config");
      await eventually(() => expect(target.upstream("collector").arrivals).toHaveLength(2));
    });

    test("comes back gets what comes then", async () => {
      const target = await open({ filters: [filter(sending())], upstreams: { app: {}, collector: { respond: { status: 503 } } } });
      await ask(target);
      await expectCounts(target, { exported: 0, dropped: 1, failures: 1 });
      target.upstream("collector").respond({ status: 200 });
      pass(target, "20s");
      await ask(target);
      await expectCounts(target, { exported: 1, dropped: 1, failures: 1 });
      const told = target.logs().wasm.filter(({ message }) => message.includes("spans are taken"));

      // On Envoy less than ten seconds have passed since the line before.
      expect(told).toHaveLength(host === "Envoy" ? 0 : 1);
    });
  });

  describe("a configuration that goes", () => {
    const open3 = async (collector: object) => {
      const target = await open({
        filters: [filter(sending({ batch: 2, maxQueue: 100, interval: "1h", timeout: "200ms" }))],
        upstreams: { app: {}, collector },
        drainSeconds: 1,
      });
      await ask(target);
      return target;
    };

    test("sends first what waits", async () => {
      const target = await open3({});
      await target.update({ filters: [filter(sending({ batch: 50, service: "next", interval: "1h" }))] });
      expect((await ask(target)).status).toBe(200);
      pass(target, "5s");
      const spans = await eventually(() => collected(target, 1), { timeout: 8_000 });

      expect(spans[0]?.service).toBe("meshscript");
      await expectCounts(target, { exported: 1, dropped: 0, failures: 0 });
    });

    test("gives up what nobody takes, and the next one works", async () => {
      const target = await open3({ respond: { status: 500 } });
      await target.update({ filters: [filter(sending({ service: "next" }))] });
      pass(target, "5s");
      await eventually(async () => expect(await counts(target)).toEqual({ exported: 0, dropped: 1, failures: 1 }), { timeout: 8_000 });
      target.upstream("collector").respond({ status: 200 });
      await ask(target);

      await expectCounts(target, { exported: 1, dropped: 1, failures: 1 });
    });
  });
});
