import { chmod, cp, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Echo, send } from "../../harness/index.ts";
import { runningMeshes } from "../../mesh/run/state.ts";
import { type Running, cli, root, start } from "./support.ts";

const CASES = join(root, "mesh/test/pilot/cases");

describe("split and switch", () => {
  let folder: string;
  let file: string;
  let text: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "meshscript-split-"));
    file = join(folder, "istio/split.yaml");
    await cp(join(CASES, "split-90-10.yaml"), file);
    text = await readFile(file, "utf8");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = (...argv: string[]) => cli([...argv, "-f", "istio"], { cwd: folder });

  test("change two numbers, and say where, what was and what is", async () => {
    const { code, stdout, stderr } = await run("split", "reviews", "v1=75", "v2=25");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `istio/split.yaml:24: VirtualService default/reviews, http[0]: the route without a match
SUBSET  WAS  IS
v1      90   75
v2      10   25
`,
      stderr: "no mesh runs on this file; `meshscript up` takes it when it starts\n",
    });
    expect(await readFile(file, "utf8")).toBe(text.replace("weight: 90", "weight: 75").replace("weight: 10", "weight: 25"));
    expect(await readdir(join(folder, "istio"))).toEqual(["split.yaml"]);
    expect((await run("split", "reviews", "v1=75", "v2=25")).stderr).toBe("nothing to write: the weights are these already\n");
  });

  test("switch sends everything to one, and back is the same file", async () => {
    await run("switch", "reviews.default", "v2");
    expect(await readFile(file, "utf8")).toBe(text.replace("weight: 90", "weight: 0").replace("weight: 10", "weight: 100"));
    await run("split", "reviews.default.svc.cluster.local", "v1=90", "v2=10");
    expect(await readFile(file, "utf8")).toBe(text);
  });

  test("keep the file's mode, and a link to it", async () => {
    await chmod(file, 0o640);
    await cp(file, join(folder, "kept.yaml"));
    await symlink("../kept.yaml", join(folder, "istio/link.yaml"));
    await rm(file);
    await chmod(join(folder, "kept.yaml"), 0o640);
    const { code, stdout } = await run("switch", "reviews", "v1");
    expect([code, stdout.split("\n")[0]]).toEqual([0, expect.stringContaining("istio/link.yaml:24: ")]);
    expect((await stat(join(folder, "kept.yaml"))).mode & 0o777).toBe(0o640);
    expect(await readFile(join(folder, "kept.yaml"), "utf8")).toContain("weight: 100");
  });

  test("say what other sums than 100 mean, as data too", async () => {
    const { stdout, stderr } = await run("split", "reviews", "v1=2", "v2=1", "--json");
    expect(stderr).toContain("the weights sum to 3, and Istio divides by that: v1 66.67 %, v2 33.33 %\n");
    expect(JSON.parse(stdout)).toMatchObject({
      command: "split",
      success: true,
      host: "reviews.default.svc.cluster.local",
      route: { place: "istio/split.yaml:24", why: "the route without a match", others: [] },
      subsets: [
        { name: "v1", was: 90, is: 2 },
        { name: "v2", was: 10, is: 1 },
      ],
      written: true,
      meshes: [],
    });
  });

  test.each([
    [["split", "reviews", "v1"], 64, 'MS0504: a weight is SUBSET=NUMBER, a whole number, got "v1"'],
    [["split", "reviews", "v1=1.5"], 64, 'got "v1=1.5"'],
    [["split", "reviews", "v1=1", "v1=2"], 64, "the subset v1 has two weights"],
    [["split", "reviews", "v1=0", "v2=0"], 64, "all weights are 0"],
    [["switch", "reviews", "v3"], 65, 'MS1103: reviews.default.svc.cluster.local has no subset "v3"'],
    [["switch", "ratings", "v1"], 65, "MS1102: no VirtualService has the host ratings.default.svc.cluster.local"],
    [["switch", "reviews", "v1", "-n", "shop"], 65, "MS1102: no VirtualService has the host reviews.shop.svc.cluster.local"],
    [["switch", "reviews", "v1", "--route", "testers"], 65, 'has the name "testers"'],
  ])("%j is refused, and nothing is written", async (argv, code, message) => {
    const ran = await run(...argv);
    expect([ran.code, ran.stdout]).toEqual([code, ""]);
    expect(ran.stderr).toContain(message);
    expect(await readFile(file, "utf8")).toBe(text);
  });

  test("need to know which files", async () => {
    expect((await cli(["switch", "reviews", "v1"])).stderr).toContain("MS0504: switch needs -f");
  });
});

describe("with a mesh that runs on the files", () => {
  let folder: string;
  let running: Running;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "meshscript-split-"));
    for (const name of ["bookinfo", "split-90-10"]) await cp(join(CASES, `${name}.yaml`), join(folder, "istio", `${name}.yaml`));
    running = start(["up", "-f", "istio"], { cwd: folder });
    await running.saw(/Envoys ready in/);
  });
  afterAll(async () => {
    running.signals.emit("SIGINT");
    await running.done;
    await rm(folder, { recursive: true, force: true });
  });

  const own = async () => (await runningMeshes()).filter(({ paths }) => paths.includes(join(folder, "istio")));

  async function versions(count: number): Promise<Set<string>> {
    const [mesh] = await own();
    const address = mesh?.proxies.find(({ id }) => id === "productpage-v1.default")?.listeners["0.0.0.0_9080"];
    const answers = await Promise.all(
      Array.from({ length: count }, () => send(address ?? { host: "", port: 0 }, { path: "/", headers: { host: "reviews:9080" } })),
    );
    return new Set(answers.map((answer) => (answer.json() as Echo).workload));
  }

  test("a switch waits until the mesh has it: the next request goes there", async () => {
    for (const version of ["v2", "v1", "v2"]) {
      const { code, stderr } = await cli(["switch", "reviews", version, "-f", "istio"], { cwd: folder });
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^in service after \d\.\d\d s\n$/) as string });
      expect(await versions(20)).toEqual(new Set([`reviews-${version}`]));
    }
  });

  test("what the mesh refuses, the command says with the mesh's words", async () => {
    const other = join(folder, "istio/other.yaml");
    await writeFile(other, "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: { name: g }\nspec: { srvers: [] }\n");
    const { code, stderr } = await cli(["switch", "reviews", "v1", "-f", "istio"], { cwd: folder });
    expect(code).toBe(79);
    expect(stderr).toMatch(/istio\/other\.yaml:4:\d+: error MS0914: [^\n]*unknown field "srvers"/);
    expect(await versions(20)).toEqual(new Set(["reviews-v2"]));
    await rm(other);
    expect((await cli(["switch", "reviews", "v2", "-f", "istio"], { cwd: folder })).code).toBe(0);
  });

  test("its state tells what runs and where, and is gone when it has ended", async () => {
    const [mesh, ...more] = await own();
    expect(more).toEqual([]);
    expect(mesh).toMatchObject({ pid: process.pid, paths: [join(folder, "istio")], change: { ok: true, errors: [] } });
    expect(mesh?.change.generation).toBeGreaterThan(4);
    expect(mesh?.proxies.map(({ id }) => id)).toContain("reviews-v2.default");
    const { admin } = mesh?.proxies[0] ?? {};
    expect((await send(admin ?? { host: "", port: 0 }, { path: "/ready" })).text()).toBe("LIVE\n");
    running.signals.emit("SIGINT");
    await running.done;
    expect(await own()).toEqual([]);
  });
});
