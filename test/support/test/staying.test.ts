import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { groupIsAlive } from "../../../harness/provision/reaper.ts";
import { Staying } from "../staying.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "meshscript-staying-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const shell = (script: string, patience?: number) =>
  new Staying("sh", ["-c", script], { cwd: folder, env: process.env, of: "it", ...(patience === undefined ? {} : { patience }) });

test("what it says is seen in its order, each match behind the one before", async () => {
  const it = shell("echo one; echo two >&2; echo one more");
  const first = await it.output.next("all", /one/);
  const second = await it.output.next("all", /one.*/);
  expect([first[0], second[0]]).toEqual(["one", "one more"]);
  expect(await it.ended).toBe(0);
  expect([it.output.stdout, it.output.stderr]).toEqual(["one\none more\n", "two\n"]);
});

test("a wait fails with what it did say: when it ends, when it had ended, when it is silent for too long, when it cannot be started", async () => {
  const ends = shell("echo other");
  await expect(ends.output.next("stdout", /this/)).rejects.toThrow("it ended without /this/:\nother\n");
  await expect(ends.output.next("stdout", /that/)).rejects.toThrow("it ended without /that/");
  const silent = shell("echo other; exec sleep 60", 200);
  await expect(silent.output.next("stdout", /this/)).rejects.toThrow("it has not said /this/:\nother\n");
  expect(await silent.stop()).toBeNull();
  const absent = new Staying(path.join(folder, "absent"), [], { cwd: folder, env: {} });
  await expect(absent.output.next("all", /this/)).rejects.toThrow(/ENOENT/);
});

test("Ctrl-C goes to all that it started", async () => {
  const it = shell("sh -c 'trap \"echo inner; exit\" INT; echo ready; while :; do sleep 0.05; done'; echo outer");
  await it.output.next("all", /ready/);
  await it.stop();
  expect(it.output.all).toContain("inner");
});

test("it ends with the process that started it, killed with -9 too", async () => {
  const entry = path.join(folder, "parent.ts");
  const outfile = path.join(folder, "parent.mjs");
  await writeFile(
    entry,
    `import { Staying } from ${JSON.stringify(path.join(import.meta.dirname, "../staying.ts"))};
     const it = new Staying("sh", ["-c", "echo $$; exec sleep 600"], { cwd: ".", env: process.env });
     console.log((await it.output.next("stdout", /\\d+/))[0]);
     setInterval(() => {}, 1000);`,
  );
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  const parent = spawn(process.execPath, [outfile], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const group = await new Promise<number>((resolve, reject) => {
    parent.stdout.once("data", (data: Buffer) => resolve(Number(data.toString())));
    parent.once("exit", () => reject(new Error("ended before it said a process id")));
  });
  expect(groupIsAlive(group)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => groupIsAlive(group), { timeout: 10_000 }).toBe(false);
});
