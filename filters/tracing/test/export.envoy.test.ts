// What only a real Envoy can show of spans: the listener's direction, what its router rewrites, a queue that a burst meets.
import { expect, test } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import { type ReceivedHead, bootstrap, closedLoop, cluster, httpListener, openEnvoy, route } from "../../../harness/index.ts";
import type { TracingConfig } from "../config.ts";
import { type SpanView, collected, counts } from "./spans.ts";
import { tracingModule } from "./support.ts";

const wasm = await tracingModule();
const sending = (more: Partial<NonNullable<TracingConfig["export"]>> = {}) => [
  { name: "tracing", wasm, config: { export: { format: "otlp", cluster: "collector", batch: 1, ...more } } },
];

test("a request through three proxies, each behind the other, is one tree, and each span lies within its parent's", async () => {
  const hop = (service: string, upstream: string, kind: "server" | "client") => ({
    filters: sending({ service, kind, batch: 2, interval: "50ms" }).map((filter) => ({
      ...filter,
      name: service,
      vmId: "meshscript.tracing",
    })),
    routes: [route(upstream)],
  });
  await using envoy = await openEnvoy({
    listeners: { edge: hop("edge", "shop", "server"), out: hop("shop", "network", "client"), in: hop("reviews", "reviews", "server") },
    upstreams: { shop: {}, network: {}, reviews: {}, collector: {} },
  });
  // What services do: they pass the header on. The network brings a request from one proxy to the next.
  const passOn = (listener: string) => async (received: ReceivedHead) => {
    const { status } = await envoy.request({
      listener,
      path: received.path,
      headers: { traceparent: received.header("traceparent") ?? "" },
    });
    return { status };
  };
  envoy.upstream("shop").respond(passOn("out"));
  envoy.upstream("network").respond(passOn("in"));
  const ids = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      expect((await envoy.request({ listener: "edge", path: `/${n}` })).status).toBe(200);
      return String(n);
    }),
  );
  const spans = await collected(envoy, 60);

  for (const n of ids) {
    const ours = spans.filter(({ attributes }) => attributes["url.path"] === `/${n}`);
    const [edge, out, last] = ["edge", "shop", "reviews"].map((name) => ours.find(({ service }) => service === name));
    if (!edge || !out || !last) throw new Error(`of request ${n} there are ${ours.map(({ service }) => service).join()}`);
    expect(ours).toHaveLength(3);
    expect(new Set(ours.map(({ trace }) => trace)).size).toBe(1);
    expect([edge.parent, out.parent, last.parent]).toEqual([undefined, edge.id, out.id]);
    const end = ({ start, duration }: SpanView) => start + duration;
    for (const [inner, outer] of [
      [out, edge],
      [last, out],
    ] as const) {
      expect(inner.start).toBeGreaterThanOrEqual(outer.start);
      // One clock says when, and another how long.
      expect(end(inner)).toBeLessThanOrEqual(end(outer) + 1_000);
    }
  }
  expect(new Set(spans.map(({ trace }) => trace)).size).toBe(20);
});

test("the kind is the listener's direction, of one configuration in several listeners, too", async () => {
  const directions = { inbound: "INBOUND", outbound: "OUTBOUND", neither: "UNSPECIFIED" };
  const listeners = Object.entries(directions).map(([name, direction]) =>
    httpListener({ name, filters: sending(), routes: [route("app")], listener: { traffic_direction: direction } }),
  );
  const clusters = ["app", "collector"].map((name) => cluster({ name, endpoints: [] }));
  await using envoy = await openEnvoy({ config: bootstrap({ listeners, clusters }), upstreams: { app: {}, collector: {} } });
  for (const listener of Object.keys(directions)) await envoy.request({ listener, path: `/${listener}` });
  const spans = await collected(envoy, 3);

  expect(Object.fromEntries(spans.map(({ kind, attributes }) => [attributes["url.path"], kind]))).toEqual({
    "/inbound": "SERVER",
    "/outbound": "CLIENT",
    "/neither": "SERVER",
  });
});

test("path and host are those that came, not what the route makes of them; the client is whom Envoy trusts to be it", async () => {
  await using envoy = await openEnvoy({
    filters: sending(),
    routes: [{ match: { prefix: "/old/" }, route: { cluster: "app", prefix_rewrite: "/new/", host_rewrite_literal: "inner.test" } }],
    httpConnectionManager: { use_remote_address: true, xff_num_trusted_hops: 1 },
    upstreams: { app: {}, collector: {} },
  });
  const headers = { host: "[2001:db8::1]:8080", "x-forwarded-for": "2001:db8::2" };
  await envoy.request({ path: "/old/1?a=b", headers });
  const [span] = await collected(envoy, 1);
  const [received] = envoy.upstream("app").requests;

  expect([received?.path, received?.authority]).toEqual(["/new/1?a=b", "inner.test"]);
  expect(span?.attributes).toMatchObject({
    "url.path": "/old/1",
    "server.address": "2001:db8::1",
    "server.port": "8080",
    "client.address": "2001:db8::2",
  });
  expect(span?.attributes["client.port"]).toBeUndefined();
});

test("under load every request is answered, and every span is exported or counted as dropped", async () => {
  const config = { batch: 50, maxQueue: 100, interval: "50ms", timeout: "500ms" };
  await using envoy = await openEnvoy({ filters: sending(config), upstreams: { app: {}, collector: {} }, concurrency: 2 });
  // Every third batch fails, and every fifth comes late.
  let batches = 0;
  envoy.upstream("collector").respond(() => {
    batches++;
    return { status: batches % 3 === 0 ? 500 : 200, ...(batches % 5 === 0 ? { delay: "50ms" } : {}) };
  });
  const answers = await closedLoop(envoy.address(), { requests: 5_000 });
  const { exported, dropped, failures } = await eventually(
    async () => {
      const now = await counts(envoy);
      expect(now.exported + now.dropped).toBe(5_000);
      return now;
    },
    { timeout: 5_000 },
  );

  expect(answers).toEqual(new Map([[200, 5_000]]));
  expect(exported).toBeGreaterThan(0);
  expect(dropped).toBeGreaterThan(0);
  expect(failures).toBe(Math.floor(batches / 3));
  expect(await envoy.stat("wasmcustom.meshscript_tracing_started_total")).toBe(5_000);
});
