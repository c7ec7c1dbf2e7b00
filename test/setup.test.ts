import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

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
  expect(refused).toMatchObject({ code: 64, stderr: "meshscript: no such filter: tracng (there are: tracing)\n" });
});
