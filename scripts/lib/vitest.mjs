// @ts-check
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { root } from "./files.mjs";

/**
 * Runs vitest in a process of its own, with its output on ours, and counts.
 * @param {readonly string[]} args @param {Record<string, string>} [env] beside this process' own
 * @returns {Promise<{ passed: number, failed: number, skipped: number, interrupted: boolean }>}
 */
export async function vitest(args, env = {}) {
  const counts = path.join(root, ".cache", `test-counts-${process.pid}.json`);
  mkdirSync(path.dirname(counts), { recursive: true });
  const reporter = path.join(root, "scripts/lib/counts-reporter.mjs");
  const program = path.join(root, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [program, "run", "--reporter=default", `--reporter=${reporter}`, ...args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env, MESHSCRIPT_TEST_COUNTS: counts },
  });
  let interrupted = false;
  // Ctrl-C reaches the whole process group: vitest stops what it started, then this ends with it.
  const forward = (/** @type {NodeJS.Signals} */ signal) => {
    interrupted = true;
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  const code = await new Promise((resolve) => child.on("close", resolve));
  for (const signal of signals) process.off(signal, forward);
  const read = readCounts(counts);
  const ran = read.passed + read.failed + read.skipped;
  // A crash, an aborted run or nothing to run must not look like success.
  if (read.failed === 0 && (code !== 0 || ran === 0)) read.failed = 1;
  return { ...read, interrupted };
}

const signals = /** @type {const} */ (["SIGINT", "SIGTERM"]);

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
