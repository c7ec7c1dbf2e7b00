// @ts-check
/** `npm test [-- path ...]`: set-up, checks, all tests, real Envoy included. The last line counts; checks count as tests. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { root } from "./lib/files.mjs";
import { printError } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

await setup().catch(async (error) => {
  const code = await printError(error);
  console.log("0 passed, 1 failed, 0 skipped");
  process.exit(code);
});
const { check } = await import("./check.mjs");
const checks = await check();
const tests = await vitest(process.argv.slice(2));
const failed = checks.failed + tests.failed;
console.log(`${checks.passed + tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;

/** @param {string[]} args @returns {Promise<{ passed: number, failed: number, skipped: number }>} */
async function vitest(args) {
  const counts = path.join(root, ".cache", `test-counts-${process.pid}.json`);
  mkdirSync(path.dirname(counts), { recursive: true });
  const reporter = path.join(root, "scripts/lib/counts-reporter.mjs");
  const program = path.join(root, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [program, "run", "--reporter=default", `--reporter=${reporter}`, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, MESHSCRIPT_TEST_COUNTS: counts },
  });
  // Ctrl-C reaches the whole process group: vitest stops what it started, then this ends with it.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
  const code = await new Promise((resolve) => child.on("close", resolve));
  const read = readCounts(counts);
  const ran = read.passed + read.failed + read.skipped;
  // A crash, an aborted run or nothing to run must not look like success.
  if (read.failed === 0 && (code !== 0 || ran === 0)) read.failed = 1;
  return read;
}

/** @param {string} file @returns {{ passed: number, failed: number, skipped: number }} */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  } finally {
    rmSync(file, { force: true });
  }
}
