import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { provision } from "../../harness/index.ts";
import { isAlive, root } from "./support.ts";

const run = promisify(execFile);
const bin = join(root, "cli/meshscript.mjs");

// The bin runs what is compiled: it must be compiled from these sources.
beforeAll(() => run(process.execPath, [join(root, "scripts/setup.mjs"), "--up-to=dist"]));

interface Failed {
  code: number;
  stdout: string;
  stderr: string;
}

test("is the command line, with its exit codes", async () => {
  const { stdout } = await run(bin, ["--version"]);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const failed = await run(bin, ["docter", "--json"]).catch((error: Failed) => error);
  expect(failed).toMatchObject({ code: 64, stderr: "" });
  expect(JSON.parse(failed.stdout)).toMatchObject({ exitCode: 64 });
});

test("writes no colours into a pipe, and none with NO_COLOR", async () => {
  const { NO_COLOR: _, FORCE_COLOR: __, ...env } = process.env;
  const plain = await run(bin, ["docter"], { env }).catch((error: Failed) => error);
  expect(plain.stderr).not.toContain("\u001b[");
  const forced = await run(bin, ["docter"], { env: { ...env, FORCE_COLOR: "1" } }).catch((error: Failed) => error);
  expect(forced.stderr).toContain("\u001b[");
});

test("a reader that stops reading is no error", async () => {
  const { stderr } = await run("sh", ["-c", `"${process.execPath}" "${bin}" --help --json | head -c 10; :`]);
  expect(stderr).toBe("");
});

test("doctor is quick", async () => {
  await run(bin, ["doctor"]);
  const started = performance.now();
  await run(bin, ["doctor"]);
  // Promised are 1.5 s; machines that test are busy.
  expect(performance.now() - started).toBeLessThan(5_000);
});

test.each([["SIGINT"], ["SIGTERM"]] as const)("run ends Envoy on %s, and exits 0", async (signal) => {
  const child = spawn(process.execPath, [bin, "run", "--filter", "tracing", "--port", "0", "--json"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pid = await envoyPid(child);
  expect(isAlive(pid)).toBe(true);
  child.kill(signal);
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
  expect(isAlive(pid)).toBe(false);
});

test("run leaves no Envoy even when it is killed", async () => {
  const child = spawn(process.execPath, [bin, "run", "--filter", "tracing", "--port", "0", "--json"], {
    cwd: root,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pid = await envoyPid(child);
  child.kill("SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

test.each([["SIGINT"], ["SIGTERM"], ["SIGKILL"]] as const)("%s while a tool is installed ends the installer too", async (signal) => {
  const folder = await mkdtemp(join(tmpdir(), "meshscript-bin-"));
  try {
    const { envoy } = await provision();
    // A Go that never finishes, with a helper as Go has them.
    const pids = join(folder, "pids");
    const script = `#!/bin/sh\n/bin/sleep 300 &\necho $$ $! > ${pids}.new\n/bin/mv ${pids}.new ${pids}\nwait\n`;
    await writeFile(join(folder, "go"), script, { mode: 0o755 });
    const cache = join(folder, "cache");
    const env = { ...process.env, PATH: folder, ENVOY_PATH: envoy.path, MESHSCRIPT_CACHE: cache, FUNC_E_PATH: "" };
    const child = spawn(process.execPath, [bin, "run", "--filter", "tracing", "--port", "0"], { cwd: root, env, stdio: "ignore" });
    const closed = new Promise((resolve) => child.on("close", resolve));
    await expect.poll(() => existsSync(pids), { timeout: 10_000 }).toBe(true);
    child.kill(signal);
    expect(await closed).toBe(signal === "SIGKILL" ? null : 130);
    const tools = (await readFile(pids, "utf8")).trim().split(" ").map(Number);
    expect(tools).toHaveLength(2);
    await expect.poll(() => tools.filter(isAlive), { timeout: 15_000 }).toEqual([]);
    // What it had no time to remove goes with the next start.
    await rm(join(folder, "go"));
    await run(process.execPath, [bin, "doctor"], { env }).catch(() => undefined);
    expect((await readdir(cache)).filter((name) => name.startsWith("tmp-"))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("in a checkout that is not compiled, says what to type", async () => {
  const folder = await mkdtemp(join(tmpdir(), "meshscript-bin-"));
  try {
    await mkdir(join(folder, "cli"));
    await cp(bin, join(folder, "cli/meshscript.mjs"));
    const failed = await run(process.execPath, [join(folder, "cli/meshscript.mjs")]).catch((error: Failed) => error);
    expect(failed).toMatchObject({ code: 69, stderr: expect.stringContaining("npm run setup") });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  ["an empty file", ""],
  ["a chunk that is gone", 'export { main } from "../chunks/gone.js";'],
  ["a package that is gone", 'import "no-such-package";'],
])("when what is compiled is broken by %s, says what to type in one line", async (_, compiled) => {
  const folder = await mkdtemp(join(tmpdir(), "meshscript-bin-"));
  try {
    for (const name of ["cli", "dist/cli"]) await mkdir(join(folder, name), { recursive: true });
    await cp(bin, join(folder, "cli/meshscript.mjs"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    await writeFile(join(folder, "dist/cli/main.js"), compiled);
    const failed = await run(process.execPath, [join(folder, "cli/meshscript.mjs")]).catch((error: Failed) => error);
    expect(failed).toMatchObject({
      code: 69,
      stdout: "",
      stderr: expect.stringMatching(/^meshscript: what is compiled cannot be loaded \(.+\): run `npm run setup` .*\n$/),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  ["gone", (chunk: string) => rm(chunk)],
  ["empty", (chunk: string) => writeFile(chunk, "")],
])("when the chunk of a command is %s, that command says what to type, and the others work", async (_, spoil) => {
  const folder = await mkdtemp(join(tmpdir(), "meshscript-bin-"));
  try {
    await cp(join(root, "dist"), join(folder, "dist"), { recursive: true });
    await mkdir(join(folder, "cli"));
    await cp(bin, join(folder, "cli/meshscript.mjs"));
    await cp(join(root, "package.json"), join(folder, "package.json"));
    await symlink(join(root, "node_modules"), join(folder, "node_modules"), "dir");
    const [chunk = ""] = (await readdir(join(folder, "dist/chunks"))).filter((name) => /^path-.*\.js$/.test(name));
    await spoil(join(folder, "dist/chunks", chunk));
    const cli = (...args: string[]) => run(process.execPath, [join(folder, "cli/meshscript.mjs"), ...args]).catch((error: Failed) => error);
    expect(await cli("path", "tracing")).toMatchObject({
      code: 69,
      stdout: "",
      stderr: expect.stringMatching(/^meshscript: what is compiled cannot be loaded \(.+\): run `npm run setup` .*\n$/) as string,
    });
    expect((await cli("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await cli("new", "--help")).stdout).toContain("FOLDER");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** From the JSON object that comes when Envoy is ready. */
function envoyPid(child: ChildProcess): Promise<number> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.endsWith("\n}\n")) resolve((JSON.parse(text) as { pid: number }).pid);
    });
    child.on("close", () => reject(new Error(`ended early: ${text}`)));
  });
}
