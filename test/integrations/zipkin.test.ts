// A real Zipkin takes the spans that every proxy of the demo exports, and gives back the trace that the demo itself shows.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { filters } from "../../demo/filters.ts";
import { Mesh } from "../../demo/mesh.ts";
import { spansOf } from "../../demo/spans.ts";
import { killAll, start } from "../../demo/test/run.ts";
import { type Span, buildTree, walk } from "../../demo/trace-tree.ts";
import { type Exchange, watch } from "../../demo/watch.ts";
import { eventually } from "../../harness/expect/index.ts";
import { missing } from "./skip.ts";
import { findTools } from "./tools/index.ts";
import { ZipkinServer, type ZipkinSpan } from "./zipkin-server.ts";

const { zipkin } = await findTools();
const why = missing("Zipkin", zipkin);
const PATIENCE = { timeout: 30_000 };

/** The demo's name of a hop, from what a collector knows: who served, on which side, and for which cluster. */
function hopOf({ kind, localEndpoint: { serviceName }, tags }: ZipkinSpan): string {
  if (serviceName === "ingress") return serviceName;
  const callee = /^outbound\|9080\|\|(\w+)\./.exec(tags["upstream_cluster"] ?? "")?.[1];
  return kind === "CLIENT" ? `${serviceName} outbound ${callee}` : `${serviceName} inbound`;
}

/** Both sides' spans in one form: which hop, whose child, what came of it. */
const ofZipkin = (spans: readonly ZipkinSpan[]) =>
  spans
    .map((span) => ({ id: span.id, parent: span.parentId, hop: hopOf(span), status: Number(span.tags["http.response.status_code"]) }))
    .sort((a, b) => a.id.localeCompare(b.id));
const ofDemo = (spans: readonly Span[]) =>
  spans
    .map(({ spanId, parentId, name, status }) => ({ id: spanId, parent: parentId, hop: name, status }))
    .sort((a, b) => a.id.localeCompare(b.id));

const demoSpans = ({ hops, sightings }: Exchange) => spansOf(hops, sightings).spans;

describe.skipIf(why !== undefined)(`a real Zipkin${why === undefined ? "" : ` (${why})`}`, () => {
  let server: ZipkinServer;
  let mesh: Mesh;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    if (zipkin === undefined) return;
    server = await ZipkinServer.start(zipkin);
    stops.unshift(() => server.stop());
    mesh = await Mesh.open({ filters, collector: server.address });
    stops.unshift(() => mesh.stop());
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  /** The trace of an exchange as Zipkin has it, once it has all of it. */
  const traceOf = (spans: readonly Span[]) =>
    eventually(async () => {
      const found = await server.trace(spans[0]?.traceId ?? "");
      expect(found.length).toBe(spans.length);
      return found;
    }, PATIENCE);

  test("has the trace of a page as one tree, with the parents, services and statuses that the demo's own view has", async () => {
    const spans = demoSpans(await watch(mesh, { path: "/productpage" }));
    expect(buildTree(spans).problems).toEqual([]);
    // Six by version 1 of reviews, which asks nobody.
    expect(spans.length).toBeGreaterThanOrEqual(6);
    const found = await traceOf(spans);
    expect(ofZipkin(found)).toEqual(ofDemo(spans));
    const roots = found.filter(({ parentId }) => !found.some(({ id }) => id === parentId));
    expect(roots.map(hopOf)).toEqual(["ingress"]);
  });

  test("shows a retry as two spans below one, and the time that a fault takes", async () => {
    for (const user of ["rita", "jason"]) {
      const went = async (): Promise<Exchange> => {
        const exchange = await watch(mesh, { path: "/api/v1/products/0/reviews", headers: { "end-user": user } });
        return exchange.hops.some(({ name }) => name === "ratings inbound") ? exchange : went();
      };
      const spans = demoSpans(await went());
      const found = await traceOf(spans);
      expect(ofZipkin(found)).toEqual(ofDemo(spans));
      const ratings = found.filter((span) => hopOf(span) === "ratings inbound");
      if (user === "rita") {
        expect(ratings.map(({ tags }) => [tags["http.response.status_code"], tags["error"] !== undefined]).sort()).toEqual([
          ["200", false],
          ["503", true],
        ]);
        expect(new Set(ratings.map(({ parentId }) => parentId)).size).toBe(1);
      } else expect(ratings[0]?.duration).toBeGreaterThanOrEqual(700_000);
      // A child lies within its parent, on one machine with one clock; a proxy's log and its span are a rounding apart.
      const byId = new Map(found.map((span) => [span.id, span]));
      const outside = found.filter((span) => {
        const parent = byId.get(span.parentId ?? "");
        return parent !== undefined && span.timestamp < parent.timestamp - 1_000;
      });
      expect(outside.map(hopOf)).toEqual([]);
    }
  });

  test("goes on with the trace of a client", async () => {
    const [traceId, parent] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
    const spans = demoSpans(await watch(mesh, { path: "/api/v1/products/0", headers: { traceparent: `00-${traceId}-${parent}-01` } }));
    expect(spans[0]?.traceId).toBe(traceId);
    const found = await traceOf(spans);
    expect(found.find((span) => hopOf(span) === "ingress")?.parentId).toBe(parent);
  });

  test("knows every proxy as a service, and who depends on whom", async () => {
    await eventually(async () => {
      const services = await server.get<string[]>("services");
      expect(services).toEqual([...mesh.envoys.keys()].sort());
    }, PATIENCE);
    const edges = await server.get<{ parent: string; child: string }[]>(`dependencies?endTs=${Date.now() + 60_000}&lookback=3600000`);
    const known = edges?.map(({ parent, child }) => `${parent} > ${child}`) ?? [];
    for (const edge of ["ingress > productpage", "productpage > details"]) expect(known).toContain(edge);
  });

  test("gets all spans: none is dropped, none counted twice", async () => {
    const tree = buildTree(demoSpans(await watch(mesh, { path: "/productpage" })));
    await traceOf([...tree.roots].flatMap((root) => [...walk(root)]).map(({ node }) => node.span));
    for (const [, envoy] of mesh.envoys) {
      const logged = envoy.accessLog().length;
      await eventually(async () => expect(await envoy.stat("wasmcustom.meshscript_tracing_spans_exported_total")).toBe(logged), PATIENCE);
      expect(await envoy.stat("wasmcustom.meshscript_tracing_spans_dropped_total")).toBe(0);
    }
  });

  test("is what `npm start -- --zipkin` sends to, and says so", async () => {
    const { host, port } = server.address;
    const demo = start("--json", "--zipkin", `${host}:${port}`);
    stops.unshift(async () => killAll());
    const told = JSON.parse(await demo.until("stdout", /\n}\n$/)) as { page: string; zipkin: string };
    expect(told.zipkin).toBe(`http://${host}:${port}/zipkin/`);
    expect((await fetch(told.zipkin)).status).toBe(200);
    const page = await fetch(told.page);
    const traceId = /00-([0-9a-f]{32})-/.exec(page.headers.get("server-timing") ?? "")?.[1] ?? "";
    await eventually(async () => expect((await server.trace(traceId)).map(hopOf)).toContain("ingress"), PATIENCE);
    demo.interrupt();
    expect(await demo.ended).toMatchObject({ code: 0 });
  });
});
