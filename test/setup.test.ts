import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");
const run = (script: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, [path.join(root, "scripts", script), ...args], { cwd: root });

test("set-up that has nothing to do says nothing, from any folder", async () => {
  await run("setup.mjs");
  const again = await promisify(execFile)(process.execPath, [path.join(root, "scripts/setup.mjs")], { cwd: path.parse(root).root });

  expect(again).toMatchObject({ stdout: "", stderr: "" });
});

test("build tells size and callbacks of each filter, and a name that is none of them in one line", async () => {
  const { stdout } = await run("build.mjs", "tracing");
  const refused = await run("build.mjs", "tracng").catch((error: { code: number; stderr: string }) => error);

  expect(stdout).toMatch(/^tracing +\d+\.\d KiB \(\d+\.\d gzip\) .*request_headers response_headers/);
  expect(refused).toMatchObject({
    code: 64,
    stderr: expect.stringMatching(
      /^meshscript: no such filter: tracng \(there are: authz, canary, fault-injection, metrics, peer-metadata, ratelimit, tracing, mesh, api-key, .*\)\n$/,
    ),
  });
});

describe("in a repository of its own", () => {
  let folder: string;
  const file = (name: string) => path.join(folder, name);
  const setup = (upTo: string, env: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [file("scripts/setup.mjs"), `--up-to=${upTo}`], { env: { ...process.env, ...env } });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "meshscript-setup-"));
    await cp(path.join(root, "scripts"), file("scripts"), { recursive: true });
    for (const name of ["package.json", "package-lock.json"]) await cp(path.join(root, name), file(name));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Stands for npm: says its process number and what it does. */
  async function fakeNpm(body: string): Promise<Record<string, string>> {
    await writeFile(file("npm.cjs"), `require("fs").writeFileSync("npm.pid", String(process.pid));\n${body}`);
    return { npm_execpath: file("npm.cjs") };
  }

  test.each([["SIGINT"], ["SIGTERM"]] as const)("%s ends npm first, then gives the lock back and exits 130", async (signal) => {
    // It needs a moment to clean up, as npm does.
    const env = await fakeNpm(
      `for (const s of ["SIGINT", "SIGTERM"]) process.on(s, () => setTimeout(() => { require("fs").writeFileSync("cleaned", s); process.exit(1); }, 200)); setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, [file("scripts/setup.mjs"), "--up-to=dependencies"], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = endOf(child);
    await expect.poll(() => existsSync(file("npm.pid")), { timeout: 10_000 }).toBe(true);
    // Its handlers are there a moment after its file.
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill(signal);
    expect(await ended).toEqual({ code: 130, stderr: expect.stringMatching(/meshscript: interrupted\n$/) });
    expect(await readFile(file("cleaned"), "utf8")).toBe(signal);
    expect((await readdir(file(".cache"))).filter((name) => name.startsWith("setup.lock"))).toEqual([]);
  });

  test("what processes that are dead left of the lock is removed", async () => {
    await mkdir(file(".cache"));
    const dead = spawn(process.execPath, ["-e", ""]);
    await endOf(dead);
    for (const name of ["", `.${dead.pid}`, `.dead.${dead.pid}`]) await writeFile(file(`.cache/setup.lock${name}`), String(dead.pid));
    await setup("dependencies", await fakeNpm(`require("fs").mkdirSync("node_modules", { recursive: true });`));
    expect(await readdir(file(".cache"))).toEqual([]);
  });

  test("a package that was removed is installed again, although the lock file is the same", async () => {
    const names = Object.entries(JSON.parse(await readFile(file("package.json"), "utf8")) as Record<string, Record<string, string>>)
      .filter(([key]) => /^(dev)?dependencies$/i.test(key))
      .flatMap(([, list]) => Object.keys(list));
    const install = names.map(
      (name) => `fs.mkdirSync("node_modules/${name}", { recursive: true }); fs.writeFileSync("node_modules/${name}/package.json", "{}");`,
    );
    const env = await fakeNpm(`const fs = require("fs");\n${install.join("\n")}`);
    expect((await setup("dependencies", env)).stderr).toContain("npm packages done");
    expect((await setup("dependencies", env)).stderr).toBe("");
    await rm(file("node_modules/zod"), { recursive: true });
    expect((await setup("dependencies", env)).stderr).toContain("npm packages done");
    expect(existsSync(file("node_modules/zod/package.json"))).toBe(true);
  });

  test("compiled files that are empty or gone are made again", async () => {
    await symlink(path.join(root, "node_modules"), file("node_modules"));
    for (const name of ["cli", "create-meshscript", "diagnostics", "filters", "harness", "mesh", "modules", "test/integrations"])
      await cp(path.join(root, name), file(name), { recursive: true });
    await setup("dist");
    const [chunk = ""] = (await readdir(file("dist/chunks"))).filter((name) => name.endsWith(".js"));
    for (const broken of ["dist/cli/main.js", `dist/chunks/${chunk}`]) {
      const whole = await readFile(file(broken), "utf8");
      await writeFile(file(broken), "");
      expect((await setup("dist")).stderr).toContain("TypeScript done");
      expect(await readFile(file(broken), "utf8")).toBe(whole);
      await rm(file(broken));
      expect((await setup("dist")).stderr).toContain("TypeScript done");
      expect(existsSync(file(broken))).toBe(true);
    }
    expect((await setup("dist")).stderr).toBe("");
  });
});

test("a step whose output was emptied is not current", async () => {
  const { isStamped, writeStamp } = (await import("../scripts/lib/files.mjs")) as {
    isStamped(name: string, inputs: string): boolean;
    writeStamp(name: string, inputs: string, outputs: string[]): void;
  };
  const folder = await mkdtemp(path.join(tmpdir(), "meshscript-stamp-"));
  const [stamp, module] = [`test-${process.pid}`, path.join(folder, "tracing.wasm")];
  try {
    await writeFile(module, "module");
    writeStamp(stamp, "inputs", [module]);
    expect([isStamped(stamp, "inputs"), isStamped(stamp, "others")]).toEqual([true, false]);
    await writeFile(module, "");
    expect(isStamped(stamp, "inputs")).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(path.join(root, ".cache/stamps", stamp), { force: true });
  }
});

function endOf(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr })));
}
