import { describe, expect, test } from "vitest";
import { type Place, chainAt, exporting, filters, loaded, toldFields, verdictFields } from "../filters.ts";
import type { Mesh } from "../mesh.ts";
import { UsageError, readOptions } from "../options.ts";
import { plain } from "../paint.ts";
import { readHop } from "../recorder.ts";
import { workloads } from "../topology.ts";
import { steps } from "../tour/index.ts";
import { viewStep } from "../tour/report.ts";
import { type TourStep, runStep } from "../tour/step.ts";

/** Steps of these tests send nothing. */
const noMesh = {} as Mesh;
const step = (run: TourStep["run"]) => runStep({ part: "tracing", claim: "it works", run }, noMesh);

describe("the lists", () => {
  test("every filter and mTLS have a step that shows them, and every step shows one of them", () => {
    expect([...new Set(steps.map(({ part }) => part))].sort()).toEqual([...filters.map(({ name }) => name), "mtls"].sort());
  });

  test("every filter sits somewhere and leaves a field in the access log", () => {
    const places = [
      { at: "ingress" },
      ...workloads.map(({ name }) => ({ at: "inbound" as const, workload: name })),
      { at: "outbound", workload: "productpage", callee: "details" },
    ] as const;
    for (const filter of filters) {
      const chains = places.map((place) => chainAt(place, [filter]).map(({ name }) => name));
      expect(chains.flat()).toContain(filter.name);
      expect(verdictFields()[filter.name]).toContain(`wasm.meshscript.${filter.name}:`);
    }
    expect(chainAt(places[0], [])).toEqual([]);
  });

  test("a chain is one module in one VM, with the same parts and configurations, or a module for each", () => {
    const place: Place = { at: "inbound", workload: "ratings" };
    const apart = chainAt(place, filters);
    const [mesh, ...others] = loaded(apart, "fused");
    expect(others).toEqual([]);
    expect(mesh).toMatchObject({ name: "mesh", config: { filters: apart.map(({ name, config }) => ({ name, config })) } });
    expect(mesh?.wasm).toMatch(/build\/mesh\.wasm$/);
    expect(loaded(apart, "isolated")).toEqual(apart);
    expect(loaded([], "fused")).toEqual([]);
  });

  test("metrics ends each chain: callers report as source, who is called as destination, each under its own name", () => {
    const configAt = (place: Place) => chainAt(place, filters).at(-1);
    const inbound = configAt({ at: "inbound", workload: "reviews-v2" });
    const reviews = { name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", canonicalRevision: "v2" };
    expect(inbound).toMatchObject({
      name: "metrics",
      config: { reporter: "destination", workload: reviews, service: "reviews.default.svc.cluster.local" },
    });
    const source = { name: "metrics", config: { reporter: "source", workload: reviews } };
    expect(configAt({ at: "outbound", workload: "reviews-v2", callee: "ratings" })).toMatchObject(source);
    expect(configAt({ at: "ingress" })).toMatchObject({ name: "metrics", config: { reporter: "source", workload: { name: "ingress" } } });
  });

  test("every proxy's tracing exports where there is a collector, and no other filter does", () => {
    const exporters = exporting(filters, "zipkin");
    for (const place of [{ at: "ingress" }, { at: "inbound", workload: "ratings" }] as const) {
      const [first, tracing, ...others] = chainAt(place, exporters);
      expect(tracing?.config).toMatchObject({ export: { format: "zipkin", cluster: "collector" } });
      expect([first, ...others]).toEqual(chainAt(place, filters).filter(({ name }) => name !== "tracing"));
    }
  });

  const chain = (place: Place) => chainAt(place, filters).map(({ name }) => name);

  test("the limiter sits in front of ratings alone, and behind tracing: what it refuses has its span", () => {
    expect(chain({ at: "inbound", workload: "ratings" })).toEqual([
      "peer-metadata",
      "tracing",
      "authz",
      "ratelimit",
      "fault-injection",
      "metrics",
    ]);
    for (const workload of ["details", "reviews-v2"]) expect(chain({ at: "inbound", workload })).not.toContain("ratelimit");
    expect(chain({ at: "outbound", workload: "reviews-v2", callee: "ratings" })).not.toContain("ratelimit");
  });

  test("authorization sits in front of every workload and nowhere else, and allows whom the topology has call it", () => {
    for (const { name } of workloads)
      expect(chain({ at: "inbound", workload: name }).slice(0, 3)).toEqual(["peer-metadata", "tracing", "authz"]);
    expect(chain({ at: "ingress" })).not.toContain("authz");
    expect(chain({ at: "outbound", workload: "reviews-v2", callee: "ratings" })).not.toContain("authz");
    const configAt = (workload: string) => chainAt({ at: "inbound", workload }, filters).find(({ name }) => name === "authz")?.config;
    const principals = (account: string) => ({ principals: [`cluster.local/ns/default/sa/${account}`] });
    expect(configAt("ratings")).toEqual({
      trustDomain: "cluster.local",
      matching: "strict",
      policies: [
        {
          apiVersion: "security.istio.io/v1",
          kind: "AuthorizationPolicy",
          metadata: { name: "ratings-callers", namespace: "default" },
          spec: { action: "ALLOW", rules: [{ from: [{ source: principals("bookinfo-reviews") }] }] },
        },
      ],
    });
    expect(JSON.stringify(configAt("productpage"))).toContain(JSON.stringify(principals("bookinfo-gateway")));
    expect(configAt("reviews-v1")).toEqual(configAt("reviews-v3"));
  });

  test("what filters tell clients is read from the access log by the header's name", () => {
    expect(toldFields()).toMatchObject({ told_ratelimit: "%RESP(ratelimit)%" });
    const entry = { hop: "ratings inbound", status: 429, told_ratelimit: "a", "told_retry-after": null, ratelimit: "verdict=refused" };
    expect(readHop(entry, ["ratelimit"])).toMatchObject({ told: { ratelimit: "a" }, verdicts: { ratelimit: "verdict=refused" } });
    expect(Object.keys(readHop(entry, [])?.told ?? {})).toEqual(["ratelimit"]);
  });
});

describe("a step", () => {
  test("is ok when all its checks are", async () => {
    expect(await step(async (run) => run.same("sum", 1 + 1, 2))).toMatchObject({ ok: true, checks: [{ what: "sum", ok: true }] });
  });

  test("fails with what was wanted and what came", async () => {
    const result = await step(async (run) => {
      run.same("name", { a: 1 }, undefined);
      run.check("other", true, "not told");
    });
    expect(result.ok).toBe(false);
    expect(result.checks).toEqual([
      { what: "name", ok: false, detail: 'expected nothing, got {"a":1}' },
      { what: "other", ok: true },
    ]);
  });

  test("that throws, or checks nothing, is not ok", async () => {
    expect(await step(() => Promise.reject(new Error("connection refused")))).toMatchObject({
      ok: false,
      checks: [{ what: "the step runs to its end", detail: "connection refused" }],
    });
    expect((await step(async () => undefined)).ok).toBe(false);
  });

  test("that is skipped is no failure, and tells why", async () => {
    const result = await step(async (run) => run.skip("plain HTTP"));
    expect(result).toMatchObject({ ok: true, skipped: "plain HTTP" });
    expect(viewStep(result, "1/1", plain)).toEqual(["1/1 tracing: it works", "  skipped  plain HTTP", ""]);
  });

  test("that fails before it is skipped has failed", async () => {
    const result = await step(async (run) => {
      run.check("body", false);
      run.skip("plain HTTP");
    });
    expect(result.ok).toBe(false);
    expect(viewStep(result, "1/1", plain)).toContain("  FAILED  1 of 1 check");
  });

  test("is told in a few lines", async () => {
    const result = await step(async (run) => {
      run.sent.push("GET /a", "GET /a", "GET /b\nx-user: ann");
      run.saw("200");
      run.same("status", 200, 403);
      run.check("body", true);
    });
    expect(viewStep(result, "1/2", plain)).toEqual([
      "1/2 tracing: it works",
      "  sent  GET /a  (2 times)",
      "  sent  GET /b",
      "        x-user: ann",
      "  saw   200",
      "  not ok  status: expected 403, got 200",
      "  FAILED  1 of 2 checks",
      "",
    ]);
  });

  test("with many failures tells the first ones", async () => {
    const result = await step(async (run) => {
      for (let i = 0; i < 9; i++) run.check("x".repeat(500), false);
    });
    const lines = viewStep(result, "1/1", plain);
    expect(lines.filter((line) => line.includes("not ok"))).toHaveLength(5);
    expect(lines).toContain("          and 4 more: see --json");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
  });
});

describe("flags", () => {
  test("have defaults and are read", () => {
    expect(readOptions([])).toEqual({ once: false, json: false, help: false, port: 0, without: [], isolate: false });
    expect(readOptions(["--once", "--json", "--port", "8080", "--without", "tracing", "--isolate"])).toEqual({
      once: true,
      json: true,
      help: false,
      port: 8080,
      without: ["tracing"],
      isolate: true,
    });
  });

  test("name a Zipkin on this machine, and no other", () => {
    expect(readOptions(["--zipkin", "localhost:9411"]).zipkin).toEqual({ host: "127.0.0.1", port: 9411 });
    expect(readOptions(["--zipkin", "[::1]:80"]).zipkin).toEqual({ host: "::1", port: 80 });
    for (const other of ["192.0.2.1:9411", "zipkin:9411", "127.0.0.1", "127.0.0.1:0", "127.0.0.1.example.com:9411"]) {
      expect(() => readOptions(["--zipkin", other])).toThrow("--zipkin must be HOST:PORT on loopback");
    }
    expect(() => readOptions(["--zipkin", "127.0.0.1:9411", "--without", "tracing"])).toThrow("no spans without tracing");
  });

  test("that are wrong are told in one line", () => {
    const message = (...argv: string[]) => {
      try {
        readOptions(argv);
      } catch (error) {
        if (error instanceof UsageError) return `${error.code} ${error.message}`;
      }
      return "no error";
    };
    expect(message("--onec")).toBe("MS0502 unknown option '--onec'; --help lists the flags");
    expect(message("--port", "70000")).toBe('MS0503 --port must be a number from 0 to 65535, got "70000"');
    expect(message("--without", "tracin")).toMatch(
      /^MS0503 --without: no part "tracin"; there are: peer-metadata, tracing, authz, ratelimit, fault-injection, metrics, mtls$/,
    );
    for (const argv of [["--port"], ["extra"], ["--once=1"]]) expect(message(...argv)).toMatch(/^MS0502 [^\n]+$/);
  });
});
