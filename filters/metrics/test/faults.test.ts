// What the filter does when the host does not do what it is asked: never a trap, and no request that notices.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import { type Host, type HostRequest, Status, everyFault, openHost } from "../../../harness/host/index.ts";
import type { ModuleReport } from "../../../modules/index.ts";
import type { MetricsConfig } from "../config.ts";
import { metricsModule } from "./support.ts";

const wasm = await metricsModule();
const always = Number.POSITIVE_INFINITY;
const LOG = "proxy_on_log";
const filters = (config: MetricsConfig) => [{ name: "metrics", wasm, config }];
const open = (config: MetricsConfig) =>
  openHost({
    filters: filters(config),
    upstreams: { app: { respond: ({ path }) => ({ status: path === "/500" ? 500 : 200, body: "hello" }) } },
  });

const everything: MetricsConfig = {
  maxSeries: 3,
  workload: { name: "reviews-v1" },
  overrides: [
    { tagOverrides: { source_app: { operation: "REMOVE" }, route: { value: { pathTemplates: ["/users/{id}"] } } } },
    { match: { metric: "REQUEST_SIZE" }, tagOverrides: { user: { value: { header: "x-user" } } } },
  ],
  metrics: [
    { name: "own_total", labels: { user: { header: "x-user" }, ip: { clientIp: {} }, method: { attribute: "request.method" } } },
    { name: "own_bytes", type: "HISTOGRAM", value: "request.size", labels: { code: { standard: "response_code" } } },
    { name: "own_last", type: "GAUGE", value: "response.size", when: [{ header: "x-user", in: ["u0", "u1"] }] },
  ],
};
const grpc = { method: "POST", protocol: "h2c", headers: { "content-type": "application/grpc", te: "trailers" } } as const;
/** Each with its status: new series, known ones, and more than there may be. */
const requests: [request: HostRequest, status: number][] = [
  ...Array.from({ length: 6 }, (_, n): [HostRequest, number] => [{ path: `/users/${n}`, headers: { "x-user": `u${n}` } }, 200]),
  [{ path: "/users/0", headers: { "x-user": "u0" } }, 200],
  [{ path: "/500", method: "POST", body: "hello" }, 500],
  [grpc, 200],
  [{ headers: { "bad header": "1" } }, 400],
];

/** Sum of a metric's series. */
async function sum(host: Host, metric: string): Promise<number> {
  return [...(await host.stats(`^wasmcustom\\.(.*;\\.;)?${metric}$`)).values()].reduce((all, one) => all + one, 0);
}

describe("every host call fails in turn, with every status", () => {
  test.each(["source", "destination", undefined] as const)(
    "side %s: no trap, every request as it was, and once it is over all is counted",
    async (side) => {
      const config = side === undefined ? everything : { ...everything, reporter: side };
      const lost: Record<string, Set<number>> = {};
      const outcomes = await everyFault(
        () => open(config),
        async (host) => {
          for (const [request, status] of requests) {
            const { status: got } = await host.request(request);
            if (got !== status) throw new Error(`${JSON.stringify(request)}: ${got}`);
          }
          const failed = [...new Set(host.faults)].sort().join(", ");
          const before = await sum(host, "istio_requests_total");
          if (before !== requests.length) lost[failed] = (lost[failed] ?? new Set()).add(before);
          host.fail(undefined);
          // What was not to be had when a series was made is not made up for; who comes now is counted.
          for (let n = 0; n < 2; n++) await host.request({ path: "/users/9", headers: { "x-user": "later" } });
          if (!failed.includes("define_metric")) expect(await sum(host, "istio_requests_total")).toBe(before + 2);
        },
        { callbacks: [LOG] },
      );
      const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);
      console.log(`metrics: ${outcomes.length} runs; lost ${JSON.stringify(Object.keys(lost))}`);

      expect.soft(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
      // Nothing but counting itself loses a request.
      expect.soft(Object.keys(lost).filter((name) => !/increment_metric|define_metric/.test(name))).toEqual([]);
      expect(outcomes.length).toBeGreaterThanOrEqual(60);
    },
  );

  test("a configuration that comes meanwhile is refused and the old one stays, or it is taken and counts", async () => {
    const verdicts = new Map<string, Set<string>>();
    const next: MetricsConfig = { ...everything, metrics: [...(everything.metrics ?? []), { name: "new_total" }] };
    const outcomes = await everyFault(
      () => open(everything),
      async (host) => {
        const taken = await host.update({ filters: filters(next) }).then(
          () => true,
          (error: { code?: string }) => {
            expect(error.code).toBe("MS0403");
            return false;
          },
        );
        const failed = host.faults[0] ?? "";
        host.fail(undefined);
        verdicts.set(failed, (verdicts.get(failed) ?? new Set()).add(taken ? "taken" : "refused"));
        expect((await host.request()).status).toBe(200);
        expect(await sum(host, "new_total")).toBe(taken ? 1 : 0);
        expect(await sum(host, "istio_requests_total")).toBe(1);
      },
      { callbacks: ["proxy_on_configure"] },
    );
    const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);

    expect(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
    expect(Object.fromEntries([...verdicts].map(([name, all]) => [name, [...all].sort().join(" or ")]))).toMatchObject({
      proxy_set_shared_data: "refused",
      proxy_get_property: "taken",
    });
  });
});

describe("a host that never does", () => {
  test.each([
    ["proxy_get_property", Status.NotFound],
    ["proxy_get_header_map_pairs", Status.BadArgument],
    ["proxy_get_shared_data", Status.InternalFailure],
    ["proxy_set_shared_data", Status.InternalFailure],
    ["proxy_set_shared_data", Status.CasMismatch],
    ["proxy_define_metric", Status.InternalFailure],
    ["proxy_increment_metric", Status.BadArgument],
    ["proxy_record_metric", Status.NotFound],
  ])("%s says %i: requests are as they were, and few calls are tried", async (name, status) => {
    await using host = await open(everything);
    host.fail({ callback: LOG, name, call: 1, until: always, status });
    const calls: number[] = [];
    for (const [request, expected] of requests) {
      const response = await host.request(request);
      expect(response.status).toBe(expected);
      calls.push(Object.values(response.counts["metrics"]?.hostCalls ?? {}).reduce((all, one) => all + one, 0));
    }
    host.fail(undefined);
    expect((await host.request()).status).toBe(200);

    expect(host.failure).toBeUndefined();
    // Four groups of metrics. Against another worker's count it is tried for a while; what looks absent and is there looks like that.
    const contended = status === Status.CasMismatch || name === "proxy_get_shared_data";
    expect(Math.max(...calls)).toBeLessThan(contended ? 1_500 : 100);
  });

  test("shared data that says nothing makes no series more than there may be", async () => {
    await using host = await open(everything);
    host.fail({ callback: LOG, name: "proxy_get_shared_data", call: 1, until: always, status: Status.InternalFailure });
    for (let n = 0; n < 20; n++) await host.request({ headers: { "x-user": `u${n}` } });

    expect((await host.stats("own_total$")).size).toBeLessThanOrEqual(4);
    expect(await sum(host, "own_total")).toBe(20);
  });

  test("a message tells once of what a configuration lacks, not of each request", async () => {
    await using host = await open(everything);
    host.fail({ callback: LOG, name: "proxy_define_metric", call: 1, until: always, status: Status.InternalFailure });
    const before = host.logs().wasm.length;
    for (let n = 0; n < 50; n++) await host.request({ path: "/users/1", headers: { "x-user": "u0" } });

    expect(host.logs().wasm.length - before).toBeLessThan(20);
  });
});

onBothHosts((open) => {
  /** The filter with all that its module uses but for one thing. */
  async function without(name: string) {
    const { imports, callbacks } = JSON.parse(await readFile(wasm.replace(/\.wasm$/, ".report.json"), "utf8")) as ModuleReport;
    const capabilities = [...imports.map((one) => one.name), ...callbacks].filter((one) => one !== name);
    return { name: "metrics", wasm, config: { metrics: [{ name: "own_total" }] }, capabilities };
  }

  test.each([
    ["proxy_get_shared_data", "proxy_get_shared_data and proxy_set_shared_data"],
    ["proxy_set_shared_data", "proxy_get_shared_data and proxy_set_shared_data"],
    ["proxy_define_metric", "proxy_define_metric"],
  ])("without %s the configuration is refused, with one line that says so", async (name, message) => {
    const refusal = await open({ filters: [await without(name)] }).then(
      () => "it was taken",
      (error: Error) => error.message,
    );

    expect(refusal).toContain(message);
  });

  test.each(["nothing", "random_get"])("without %s it counts", async (name) => {
    const target = await open({ filters: [await without(name)], upstreams: { app: {} } });
    expect((await target.request()).status).toBe(200);
    await expect.poll(() => target.stat("wasmcustom.own_total")).toBe(1);
  });
});
