// A real Prometheus asks the demo's proxies, and answers what the dashboard and the alerts ask.
import { execFile, execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { alertQueries, panelQueries, rules, withVariables } from "../../dashboards/test/queries.ts";
import { filters } from "../../demo/filters.ts";
import { accountOf } from "../../demo/identities.ts";
import { Mesh } from "../../demo/mesh.ts";
import { prometheusConfig } from "../../demo/prometheus.ts";
import { serveLooks } from "../../demo/serve.ts";
import { USER } from "../../demo/services/app.ts";
import { tally } from "../../demo/tour/metric-growth.ts";
import { gather } from "../../demo/watch.ts";
import { eventually } from "../../harness/expect/index.ts";
import { PrometheusServer } from "./prometheus-server.ts";
import { missing } from "./skip.ts";
import { findTools } from "./tools/index.ts";

const { prometheus } = await findTools();
const why = missing("Prometheus", prometheus);
const promtool = prometheus?.promtool ?? "";

/** Panels that the demo has nothing for: no gRPC, no TCP, and no request that Envoy itself gives up. */
const SILENT = ["Response flags", "gRPC status", "gRPC messages", "TCP bytes", "TCP connections", "Open TCP connections"];
/** Scrapes take a second, and a rate needs two of them. */
const PATIENCE = { timeout: 60_000 };

let mesh: Mesh;
let server: PrometheusServer;
/** What has started, the last first. */
const stops: (() => Promise<void>)[] = [];

let rounds = 0;

/** Everything that the demo can do to a request; ann comes to her limit in three rounds. */
async function sendSome(): Promise<void> {
  const page = (headers: Record<string, string> = {}, path = "/productpage") => mesh.ingress.request({ path, headers });
  const round = rounds++;
  // The versions of reviews take turns, and one of them does not ask for ratings.
  for (const user of ["ann", `rita-${round}`, `jason-${round}`]) for (const _version of "123") await page({ [USER]: user });
  await page({}, "/api/v1/products/7");
  const identity = await mesh.authority?.issue({ serviceAccount: accountOf("productpage"), namespace: "default" });
  await mesh.envoy("ratings").request({ path: "/ratings/0", listener: "inbound", ...(identity ? { identity } : {}) });
}

/** Somebody to send spans to. */
async function collector(): Promise<{ host: string; port: number }> {
  const taker = createServer((request, response) => {
    request.resume();
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => taker.listen(0, "127.0.0.1", resolve));
  stops.unshift(() => new Promise<void>((resolve) => void taker.close(() => resolve()).closeAllConnections()));
  const address = taker.address();
  return { host: "127.0.0.1", port: typeof address === "object" && address !== null ? address.port : 0 };
}

describe.skipIf(why !== undefined)(`a real Prometheus${why === undefined ? "" : ` (${why})`}`, () => {
  beforeAll(async () => {
    if (prometheus === undefined) return;
    mesh = await Mesh.open({ filters, collector: await collector() });
    stops.unshift(() => mesh.stop());
    const looks = await serveLooks(mesh);
    stops.unshift(looks.stop);
    // What a user gets, only faster.
    const config = parse(prometheusConfig(looks.url)) as { global: Record<string, string> };
    config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
    server = await PrometheusServer.start(prometheus, stringify(config));
    stops.unshift(() => server.stop());
    await eventually(async () => expect((await server.query("up == 1")).length).toBe(mesh.envoys.size), PATIENCE);
  });
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  test("counts what was sent: by status as access logs have it, on both sides, and in each histogram", async () => {
    for (let n = 0; n < 3; n++) await sendSome();
    const hops = await gather(mesh);
    const count = (some: typeof hops) => tally(some.map(({ status }) => String(status)));
    const [inbound, outbound] = [hops.filter(({ name }) => name.endsWith("inbound")), hops.filter(({ name }) => !name.endsWith("inbound"))];
    expect(Object.keys(count(inbound))).toEqual(["200", "403", "404", "429", "503"]);
    for (const [reporter, its] of [
      ["destination", inbound],
      ["source", outbound],
    ] as const) {
      for (const metric of ["istio_requests_total", "istio_request_duration_milliseconds_count", "istio_request_bytes_count"]) {
        await eventually(async () => {
          const points = await server.query(`sum by (response_code) (${metric}{reporter="${reporter}"})`);
          expect(tally(points.map(({ labels, value }) => [labels["response_code"] ?? "", value]))).toEqual(count(its));
        }, PATIENCE);
      }
    }
    const ratings = inbound.filter(({ name }) => name.startsWith("ratings"));
    const [atRatings] = await server.query('sum (istio_requests_total{reporter="destination",destination_workload="ratings"})');
    expect(atRatings?.value).toBe(ratings.length);
  });

  test("answers every query of the dashboard, with data where the demo has any", async () => {
    const controller = new AbortController();
    const load = (async () => {
      while (!controller.signal.aborted) await sendSome();
    })();
    try {
      const queries = await panelQueries();
      await eventually(async () => {
        const silent: string[] = [];
        for (const { name, expr } of queries) {
          const points = await server.query(withVariables(expr, "15s"));
          if (points.length === 0 && !silent.includes(name)) silent.push(name);
        }
        expect(silent).toEqual(SILENT);
      }, PATIENCE);
      for (const { expr } of queries) await server.query(withVariables(expr, "15s", "source"));
      // With shares one sees soonest whether a query means what its title says.
      const errors = queries.find(({ name }) => name === "Share of server errors")?.expr ?? "";
      const shares = new Map(
        (await server.query(withVariables(errors, "1m"))).map(({ labels, value }) => [labels["destination_workload"], value]),
      );
      expect(shares.get("details")).toBe(0);
      expect(shares.get("ratings")).toBeGreaterThan(0);
      expect(shares.get("ratings")).toBeLessThan(1);
    } finally {
      controller.abort();
      await load;
    }
  });

  test("takes every alert, has no trouble with any, and none fires but for what the demo does on purpose", async () => {
    for (const { expr } of await alertQueries()) await server.query(expr);
    type Loaded = { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    await eventually(async () => {
      const loaded = (await server.get<Loaded>("rules")).groups.flatMap((group) => group.rules);
      expect(loaded.map(({ name }) => name).sort()).toEqual((await rules()).map(({ alert }) => alert).sort());
      expect(loaded.filter(({ health }) => health !== "ok")).toEqual([]);
    }, PATIENCE);
    const active = await server.query("count by (alertname) (ALERTS)");
    expect(
      active.map(({ labels }) => labels["alertname"]).filter((name) => !/^Mesh(HighErrorRatio|CallersSeeErrors)$/.test(name ?? "")),
    ).toEqual([]);
  });

  test("promtool has nothing to say to our metrics, but that a name of Istio's is not in seconds, and that Envoy writes no help texts", async () => {
    for (const [, envoy] of mesh.envoys) {
      const text = await envoy.prometheus();
      const said = await checkMetrics(text);
      const ours = said.filter((line) => /^(istio|meshscript)_/.test(line) && !line.endsWith("no help text"));
      expect(ours).toEqual(['istio_request_duration_milliseconds use base unit "seconds" instead of "milliseconds"']);
    }
  });
});

describe.skipIf(why !== undefined)("promtool", () => {
  test.each([
    ["check", "rules", "dashboards/alerts.yaml"],
    ["test", "rules", "dashboards/alerts.test.yaml"],
  ])("is content: %s %s %s", (...args) => {
    expect(execFileSync(promtool, args, { encoding: "utf8" })).toContain("SUCCESS");
  });
});

/** What `promtool check metrics` says, line by line; it ends with an error when it says anything. */
function checkMetrics(text: string): Promise<string[]> {
  return new Promise((resolve) => {
    const child = execFile(promtool, ["check", "metrics"], { maxBuffer: 1 << 24 }, (_error, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`.split("\n").filter((line) => line !== "")),
    );
    child.stdin?.end(text);
  });
}
