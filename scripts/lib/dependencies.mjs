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

/** @param {string} command @param {string[]} args @returns {Promise<void>} */
function run(command, args) {
  return new Promise((resolve, reject) => {
    // Progress belongs on stderr: what `npm start` prints on stdout is the demo's.
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new KnownError(`npm ci ended with code ${code}`))));
  });
}
