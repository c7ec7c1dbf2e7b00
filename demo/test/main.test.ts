import { execFile } from "node:child_process";
import { connect, createServer } from "node:net";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { eventually } from "../../harness/expect/index.ts";
import { send } from "../../harness/index.ts";
import { filters } from "../filters.ts";
import { Mesh } from "../mesh.ts";
import { plain } from "../paint.ts";
import { parts } from "../parts.ts";
import { steps } from "../tour/index.ts";
import { runTour } from "../tour/run.ts";
import { type Running, killAll, start } from "./run.ts";

interface Result {
  ok: boolean;
  steps: { part: string; claim: string; ok: boolean; skipped?: string; checks: { what: string; ok: boolean; detail?: string }[] }[];
}

afterEach(killAll);

/** The reaper needs a moment to see that it is not needed any more. */
const nothingIsLeft = (demo: Running) => eventually(() => expect(demo.leftovers()).toEqual([]), { timeout: 5_000 });

/** What stderr says beside progress. */
const complaints = (stderr: string) => stderr.split("\n").filter((line) => line !== "" && !line.startsWith("meshscript: "));

describe("npm start -- --once", () => {
  test("makes the tour, tells it and exits 0", async () => {
    const demo = start("--once");
    const { code, stdout, stderr } = await demo.ended;
    expect(stdout).toContain(`${steps.length} of ${steps.length} steps ok`);
    for (const { claim } of steps) expect(stdout).toContain(claim);
    expect(stdout).toMatch(/└─ ratings inbound +[0-9a-f]{16} [0-9a-f]{16} +200 +\d+\.\d\d\n.*└─ ratings service/);
    expect(`${stdout}${stderr}`).not.toContain("\u001b[");
    expect(stdout.split("\n").filter((line) => /[├└]─/.test(line) && line.length > 100)).toEqual([]);
    expect(stderr).toMatch(/7 Envoys 1\.\d+\.\d+ .* ready in \d/);
    expect(code).toBe(0);
    await nothingIsLeft(demo);
  });

  test("with --json prints nothing but JSON on stdout", async () => {
    const { code, stdout } = await start("--once", "--json").ended;
    const result = JSON.parse(stdout) as Result;
    expect(result.steps.flatMap(({ checks }) => checks.filter(({ ok }) => !ok))).toEqual([]);
    expect(result.steps.filter(({ skipped }) => skipped !== undefined)).toEqual([]);
    expect(result.steps.map(({ claim }) => claim)).toEqual(steps.map(({ claim }) => claim));
    expect([code, result.ok]).toEqual([0, true]);
  });

  // Those of one mesh do not need each other, so that one run tells of all of them.
  const missing: [names: string[], skipped: string[]][] = [
    [["tracing", "ratelimit", "fault-injection", "metrics"], []],
    [["peer-metadata", "authz"], []],
    // Without certificates authorization has nobody to tell apart, and nobody is believed.
    [["mtls"], ["authz", "peer-metadata"]],
  ];

  test("each part is missing in one of the runs below", () => {
    expect(missing.flatMap(([names]) => names).sort()).toEqual([...parts].sort());
  });

  test.for(missing)("without %s fails: each of its steps and no other, and the exit code is 1", async ([names, skipped]) => {
    const without = names.flatMap((name) => ["--without", name]);
    const { code, stdout } = await start("--once", "--json", ...without).ended;
    const result = JSON.parse(stdout) as Result;
    const isMissing = ({ part }: { part: string }) => names.some((name) => name === part);
    for (const name of names) expect(result.steps.map(({ part }) => part)).toContain(name);
    expect(result.steps.filter((step) => isMissing(step) && step.ok).map(({ claim }) => claim)).toEqual([]);
    expect(result.steps.filter((step) => !isMissing(step) && !step.ok).map(({ claim }) => claim)).toEqual([]);
    expect([...new Set(result.steps.filter((step) => step.skipped !== undefined).map(({ part }) => part))]).toEqual(skipped);
    expect([code, result.ok]).toEqual([1, false]);
  });
});

test("the tour can be made again in the same mesh, here with a VM for each filter: it uses up nothing that it needs", async () => {
  await using mesh = await Mesh.open({ filters, loading: "isolated" });
  for (let n = 0; n < 2; n++) {
    const { ok, steps: results } = await runTour(mesh, { print: () => undefined, paint: plain });
    expect(results.flatMap(({ checks }) => checks.filter((check) => !check.ok))).toEqual([]);
    expect(ok).toBe(true);
  }
});

describe("npm start", () => {
  test("serves page, API and traces until Ctrl-C, which leaves no process", async () => {
    const demo = start("--json");
    const { page, traces, envoys, mtls, prometheus } = JSON.parse(await demo.until("stdout", /\n}\n$/)) as {
      page: string;
      traces: string;
      mtls: boolean;
      prometheus: { config: string; targets: string };
      envoys: { name: string; admin: string; pid: number }[];
    };
    const get = (url: string, headers: Record<string, string> = {}) =>
      send({ host: "127.0.0.1", port: Number(new URL(url).port) }, { path: new URL(url).pathname, headers });
    expect(mtls).toBe(true);
    const response = await get(page);
    expect([response.status, response.header("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const traceId = /00-([0-9a-f]{32})-/.exec(response.header("server-timing") ?? "")?.[1];
    const tree = (await get(traces)).text();
    expect(tree).toContain(`trace ${traceId}`);
    expect(tree).toContain("└─ productpage inbound");
    expect(await get(new URL("/", page).href)).toMatchObject({ status: 301 });
    // Who sends the same traceparent twice sees two trees, and no complaint.
    const traceparent = `00-${"ab".repeat(16)}-${"cd".repeat(8)}-01`;
    for (let i = 0; i < 2; i++) await get(new URL("/api/v1/products", page).href, { traceparent });
    const both = (await get(traces)).text();
    expect(both.split("\n").filter((line) => line.startsWith(`trace ${"ab".repeat(16)}  sampled, 2 spans, 1 service`))).toHaveLength(2);
    expect(both).not.toMatch(/^!/m);
    expect(envoys.map(({ name }) => name)).toEqual([
      "ingress",
      "productpage",
      "details",
      "reviews-v1",
      "reviews-v2",
      "reviews-v3",
      "ratings",
    ]);
    expect(demo.leftovers().filter((line) => envoys.some(({ pid }) => line.startsWith(`${pid} `)))).toHaveLength(7);
    // What Prometheus is to ask is what there is, and answers.
    const { scrape_configs } = parse((await get(prometheus.config)).text());
    expect(scrape_configs).toMatchObject([{ metrics_path: "/stats/prometheus", http_sd_configs: [{ url: prometheus.targets }] }]);
    const list = JSON.parse((await get(prometheus.targets)).text()) as { targets: string[]; labels: { instance: string } }[];
    expect(list).toEqual(envoys.map(({ name, admin }) => ({ targets: [new URL(admin).host], labels: { instance: name } })));
    for (const { targets } of list) {
      expect((await get(`http://${targets[0]}/stats/prometheus`)).text()).toMatch(/^meshscript_metrics_series_overflow_total\{\} 0$/m);
    }
    demo.interrupt();
    // npm passes on what the terminal has sent already: that must not cut the stopping short.
    await demo.until("stderr", /stopping/);
    demo.interrupt();
    expect(await demo.ended).toMatchObject({ code: 0 });
    await nothingIsLeft(demo);
  });

  test("lists the filters that are in its chains", async () => {
    for (const [flags, listed] of [
      [[], ["peer-metadata", "tracing", "authz", "ratelimit", "fault-injection", "metrics"]],
      [
        ["--without", "mtls"],
        ["tracing", "ratelimit", "fault-injection", "metrics"],
      ],
    ] as const) {
      const demo = start("--json", ...flags);
      expect(JSON.parse(await demo.until("stdout", /\n}\n$/))).toMatchObject({ filters: listed });
      demo.interrupt();
      expect(await demo.ended).toMatchObject({ code: 0 });
    }
  });

  test("tells a person one curl that shows the limit, as long as it is", async () => {
    const demo = start();
    const told = await demo.until("stdout", /Ctrl-C stops everything/);
    const [, name = "", value = "", base = "", last = ""] = /-H '(end-user): (\w+)' '(http\S+\?)\[1-(\d+)\]'/.exec(told) ?? [];
    const ratings: string[] = [];
    for (let n = 1; n <= Number(last); n++) {
      const { host, pathname, search } = new URL(`${base}${n}`);
      const [hostname = "", port] = host.split(":");
      const response = await send({ host: hostname, port: Number(port) }, { path: pathname + search, headers: { [name]: value } });
      const text = response.text();
      ratings.push(text.includes('"stars"') ? "stars" : text.includes("currently unavailable") ? "unavailable" : "none");
    }
    // And one that shows what came of them at ratings: it refused as many as had no stars.
    const [, look = ""] = /^ {2}(curl \S+ \S+stats\/prometheus \| .*)$/m.exec(told) ?? [];
    const { stdout } = await promisify(execFile)("sh", ["-c", look]);
    const lines = [...stdout.matchAll(/^(reviews-v[23]) response_code="(\d+)" (\d+)$/gm)];
    const of = (code: string) => lines.reduce((sum, [, , its, count]) => sum + (its === code ? Number(count) : 0), 0);
    expect([of("200"), of("429"), lines.length]).toEqual([5, 3, stdout.trim().split("\n").length]);
    expect(new Set(lines.map(([, asked]) => asked))).toEqual(new Set(["reviews-v2", "reviews-v3"]));
    // As curl shows it: first with stars, then without; version 1 in between has none.
    expect(ratings.filter((rating) => rating !== "none")).toEqual([...Array(5).fill("stars"), ...Array(3).fill("unavailable")]);
    demo.interrupt();
    expect(await demo.ended).toMatchObject({ code: 0 });
  });

  test("ends with an error that names it when an Envoy dies, and leaves no process", async () => {
    const demo = start("--json");
    const { envoys } = JSON.parse(await demo.until("stdout", /\n}\n$/)) as { envoys: { name: string; pid: number }[] };
    process.kill(envoys.find(({ name }) => name === "details")?.pid ?? 0, "SIGKILL");
    const { code, stderr } = await demo.ended;
    expect(stderr).toContain("the Envoy of details ended by itself");
    expect(stderr).toMatch(/error MS0405/);
    expect(code).toBe(69);
    await nothingIsLeft(demo);
  });

  test("Ctrl-C while it starts leaves no process either", async () => {
    const demo = start("--once");
    await demo.until("stderr", /starting an ingress/);
    demo.interrupt();
    const { code, stdout } = await demo.ended;
    expect([code, stdout]).toEqual([130, ""]);
    await nothingIsLeft(demo);
  });

  test("listens at the port that --port names", async () => {
    const port = await freePort();
    const demo = start("--json", "--port", String(port));
    await demo.until("stdout", /\n}\n$/);
    expect(await send({ host: "127.0.0.1", port }, { path: "/api/v1/products" })).toMatchObject({ status: 200 });
    const { code, stderr } = await start("--port", String(port)).ended;
    expect([code, complaints(stderr)]).toEqual([69, [`error MS0505: 127.0.0.1:${port} is in use; choose another with --port`]]);
    demo.interrupt();
    expect(await demo.ended).toMatchObject({ code: 0 });
    // Nobody listens there any more.
    await expect(new Promise((resolve, reject) => connect(port, "127.0.0.1").on("connect", resolve).on("error", reject))).rejects.toThrow(
      "ECONNREFUSED",
    );
  });

  test("an unknown flag is one line and exit code 64, before anything starts", async () => {
    const { code, stdout, stderr } = await start("--onec").ended;
    expect([code, stdout, complaints(stderr)]).toEqual([64, "", ["error MS0502: unknown option '--onec'; --help lists the flags"]]);
    expect(stderr).not.toContain("starting");
    const help = await start("--help").ended;
    expect([help.code, complaints(help.stderr)]).toEqual([0, []]);
    expect(help.stdout).toContain("--without PART");
  });
});

/** A port that was free a moment ago: for the one flag that takes a number. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
