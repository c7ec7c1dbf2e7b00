// @ts-check
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fingerprint, root } from "./files.mjs";
import { KnownError } from "./known-error.mjs";

// Inside node_modules, so that removing that folder removes the claim that it is complete.
const stamp = path.join(root, "node_modules", ".meshscript-lock-hash");

export const dependencies = {
  title: "npm packages",
  isCurrent() {
    const wanted = fingerprint(["package-lock.json"]);
    if (!direct().every((name) => existsSync(path.join(root, "node_modules", name, "package.json")))) return false;
    if (existsSync(stamp)) return readFileSync(stamp, "utf8") === wanted;
    if (!installedByHand()) return false;
    writeFileSync(stamp, wanted);
    return true;
  },
  async make() {
    // npm tells scripts that it runs where it is itself; typed by hand, `node scripts/setup.mjs` takes it from PATH.
    const npm = process.env["npm_execpath"];
    const args = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    await run(npm ? process.execPath : "npm", npm ? [npm, ...args] : args);
    writeFileSync(stamp, fingerprint(["package-lock.json"]));
  },
};

/** What package.json names itself. Looked at each time, because a package that somebody removed fails far from here. */
function direct() {
  const { dependencies: wanted, devDependencies: tools } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  return Object.keys({ ...wanted, ...tools });
}

/** After somebody's own `npm ci`: npm's record of what it installed agrees with the lock file. */
function installedByHand() {
  try {
    const locked = packagesOf("package-lock.json");
    const installed = packagesOf("node_modules/.package-lock.json");
    return Object.entries(locked).every(([name, entry]) => {
      if (name === "" || !name.includes("node_modules/") || entry.optional) return true;
      const found = installed[name];
      return found !== undefined && found.version === entry.version;
    });
  } catch {
    return false;
  }
}

/** @param {string} file @returns {Record<string, { version?: string, optional?: boolean }>} */
function packagesOf(file) {
  return JSON.parse(readFileSync(path.join(root, file), "utf8")).packages;
}

/**
 * Runs npm to its end, also when this process is told to end: a second `npm ci` in the same folder would fail, so nothing may be left
 * of the first when the lock is given back.
 * @param {string} command @param {string[]} args @returns {Promise<void>}
 */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const windows = process.platform === "win32";
    // Progress belongs on stderr: what `npm start` prints on stdout is the demo's. A group of its own: npm's helpers get the signal too,
    // and get it once.
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2], shell: windows, detached: !windows });
    /** @type {NodeJS.Signals | undefined} */
    let interrupted;
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      // A second one, from somebody who does not want to wait, ends it at once.
      end(child, interrupted === undefined ? signal : "SIGKILL");
      interrupted ??= signal;
    };
    for (const signal of signals) process.on(signal, forward);
    const finish = (/** @type {Error | undefined} */ error) => {
      for (const signal of signals) process.off(signal, forward);
      if (error) reject(error);
      else resolve();
    };
    child.on("error", (error) => finish(new KnownError(`npm cannot be run: ${error.message}`, 69)));
    child.on("close", (code) => {
      if (interrupted) finish(new KnownError("interrupted", 130));
      else finish(code === 0 ? undefined : new KnownError(`npm ci ended with code ${code}`));
    });
  });
}

/** @type {readonly NodeJS.Signals[]} */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** @param {import("node:child_process").ChildProcess} child @param {NodeJS.Signals} signal */
function end(child, signal) {
  try {
    if (process.platform !== "win32" && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // It ended in the meantime.
  }
}
