import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Upstream, openUpstream, send } from "../../harness/index.ts";
import { meshesOn } from "../../mesh/run/taken.ts";
import { type Running, cli, root, start } from "./support.ts";

const CASES = join(root, "mesh/test/pilot/cases");

let folder: string;
let file: string;
let text: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshscript-ramp-"));
  file = join(folder, "istio/split-90-10.yaml");
  for (const name of ["bookinfo", "split-90-10"]) await cp(join(CASES, `${name}.yaml`), join(folder, "istio", `${name}.yaml`));
  text = await readFile(file, "utf8");
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => writeFile(file, text));

const argv = (...more: string[]) => ["ramp", "reviews", "-f", "istio", ...more];
const run = (...more: string[]) => cli(argv(...more), { cwd: folder });
const withWeights = (v1: number, v2: number) => text.replace("weight: 90", `weight: ${v1}`).replace("weight: 10", `weight: ${v2}`);

describe("ramp", () => {
  test("goes up in steps and ends with everything, a diff of two lines", async () => {
    const { code, stdout, stderr } = await run("--to", "v2", "--over", "30ms", "--steps", "3");
    const idle = "no mesh runs on this file; `meshscript up` takes it when it starts";
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "SUBSET  WAS  IS\nv1      90   0\nv2      10   100\n",
      stderr: `istio/split-90-10.yaml:24: VirtualService default/reviews, http[0]: the route without a match
1/3  v1 60, v2 40  ${idle}
2/3  v1 30, v2 70  ${idle}
3/3  v1 0, v2 100  ${idle}
`,
    });
    expect(await readFile(file, "utf8")).toBe(withWeights(0, 100));
    const again = await run("--to", "v2", "--over", "1h");
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("nothing to do: v2 has everything already")]);
  });

  test("Ctrl-C stops where it is, and says so", async () => {
    const running = start(argv("--to", "v2", "--over", "10h", "--every", "1h", "--json"), { cwd: folder });
    await running.saw(/ 1\/10 {2}v1 81, v2 19 /);
    running.signals.emit("SIGINT");
    const { code, stdout, stderr } = await running.done;
    expect([code, stderr]).toEqual([130, expect.stringContaining("stopped at step 1 of 10: v1 81, v2 19\n")]);
    expect(JSON.parse(stdout)).toMatchObject({
      success: false,
      end: "stopped",
      step: 1,
      steps: 10,
      subsets: [{ name: "v1", was: 90, is: 81 }, {}],
    });
    expect(await readFile(file, "utf8")).toBe(withWeights(81, 19));
  });

  test("ends when somebody else changes the route, and leaves it to him", async () => {
    const running = start(argv("--to", "v2", "--over", "2s", "--steps", "2"), { cwd: folder });
    await running.saw(/1\/2 /);
    await writeFile(file, withWeights(20, 80));
    const { code, stderr } = await running.done;
    expect(code).toBe(65);
    expect(stderr).toContain("the ramp ends; it has left v1 45, v2 55\n");
    expect(stderr).toMatch(/istio\/split-90-10\.yaml:24:\d+: error MS1104: somebody has changed the route meanwhile/);
    expect(await readFile(file, "utf8")).toBe(withWeights(20, 80));
  });

  test.each([
    [["--over", "1m"], "MS0504: ramp needs --to"],
    [["--to", "v2"], "MS0504: ramp needs --over"],
    [["--to", "v2", "--over", "10"], 'MS0503: --over must be a duration with its unit, as 30s or 1h30m, got "10"'],
    [["--to", "v2", "--over", "1m", "--steps", "0"], "MS0503: --steps must be a whole number"],
    [["--to", "v2", "--over", "1m", "--steps", "2", "--every", "1s"], "MS0504: --every and --steps"],
    [["--to", "v2", "--over", "1m", "--every", "2m"], "MS0503: --every 2m is longer than --over 1m"],
    [["--to", "v2", "--over", "1m", "--abort-if", "latency > 1s"], "MS0503: --abort-if must be success_rate < NUMBER%"],
    [["--to", "v2", "--over", "1m", "--abort-if", "success_rate < 101%"], "MS0503: --abort-if must be"],
    [
      ["--to", "v2", "--over", "1m", "--abort-if", "success_rate < 99%"],
      "MS0503: --abort-if needs a mesh that runs on istio/split-90-10.yaml",
    ],
    [["--to", "v3", "--over", "1m"], 'MS1103: reviews.default.svc.cluster.local has no subset "v3"'],
  ])("%j is refused, and nothing is written", async (more, message) => {
    const { code, stderr } = await run(...more);
    expect([64, 65]).toContain(code);
    expect(stderr).toContain(message);
    expect(await readFile(file, "utf8")).toBe(text);
  });
});

describe("ramp --abort-if", () => {
  let up: Running;
  let second: Upstream;
  let broken = 1;
  beforeAll(async () => {
    await writeFile(file, text);
    // The second version fails for every so-manieth request.
    let count = 0;
    second = await openUpstream({ respond: () => ({ status: broken > 0 && ++count % broken === 0 ? 500 : 200 }) });
    up = start(["up", "-f", "istio", "--served", `reviews-v2=${second.address.port}`], { cwd: folder });
    await up.saw(/Envoys ready in/);
  });
  afterAll(async () => {
    up.signals.emit("SIGINT");
    await up.done;
    await second.stop();
  });

  /** Asks until it is told to stop; how many requests went through. */
  async function load(until: AbortSignal): Promise<void> {
    const [mesh] = await meshesOn(file);
    const address = mesh?.proxies.find(({ id }) => id === "productpage-v1.default")?.listeners["0.0.0.0_9080"];
    if (address === undefined) throw new Error("productpage has no listener");
    while (!until.aborted) await send(address, { path: "/", headers: { host: "reviews:9080" } });
  }

  async function underLoad(...more: string[]) {
    const stop = new AbortController();
    const loading = load(stop.signal);
    try {
      return await run("--to", "v2", "--abort-if", "success_rate < 99%", ...more);
    } finally {
      stop.abort();
      await loading;
    }
  }

  test("goes on while requests are answered, and watches the last step", async () => {
    broken = 0;
    const { code, stderr } = await underLoad("--over", "3s", "--steps", "3");
    expect(stderr).toMatch(
      /3\/3 {2}v1 0, v2 100 {2}in service after \d\.\d\d s\nv2: \d+ requests, 0 of them with 5xx: success rate 100 %\n$/,
    );
    expect(code).toBe(0);
  });

  test("gives the file its bytes back when a step fails, by what happened during the step", async () => {
    broken = 2;
    const { code, stderr } = await underLoad("--over", "30s", "--steps", "60");
    expect(code).toBe(1);
    expect(stderr).toMatch(/v2: \d+ requests, [1-9]\d* of them with 5xx: success rate/);
    expect(stderr).toMatch(/error MS1106: v2 answered [\d.]+ % of its requests without a 5xx at step \d+ of 60/);
    expect(stderr).toMatch(/the weights are what they were: v1 90, v2 10; in service after/);
    expect(await readFile(file, "utf8")).toBe(text);
  });
});
