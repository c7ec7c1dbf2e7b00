// @ts-check
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { load } from "./dist.mjs";
import { filesBelow, fingerprint, isAssemblyScript, isStamped, root, writeStamp } from "./files.mjs";

const outputs = [".wasm", ".wasm.map", ".debug.wasm", ".debug.wasm.map", ".report.json"];

/** Filters by folder name. */
export function filters() {
  const folder = path.join(root, "filters");
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.filter((name) => existsSync(path.join(folder, name, "assembly/index.ts")));
}

/** What every module depends on: the SDK, shared AssemblyScript, and the compiler with all that drives it. */
function common() {
  const code = (/** @type {string} */ file) => isAssemblyScript(file) && !/(^|\/)(test|fixtures)\//.test(file);
  const builder = (/** @type {string} */ file) => !/(^|\/)test\//.test(file);
  return fingerprint([
    ...filesBelow("sdk", code),
    ...filesBelow("policy", code),
    ...filesBelow("modules", builder),
    "sdk/package.json",
    "package-lock.json",
  ]);
}

/** @param {string} name @param {string} shared */
function wanted(name, shared) {
  return fingerprint(filesBelow(`filters/${name}/assembly`, isAssemblyScript), shared);
}

/** @param {string} name */
function outputsOf(name) {
  return outputs.map((suffix) => `build/${name}${suffix}`);
}

/** AssemblyScript to `build/`. */
export const wasm = {
  title: "wasm modules",
  isCurrent() {
    const shared = common();
    return filters().every((name) => isStamped(`module-${name}`, wanted(name, shared)));
  },
  async make() {
    const results = await buildAll({});
    const failed = results.filter((r) => r.error !== undefined);
    if (failed.length > 0) throw failed.length === 1 ? failed[0]?.error : new AggregateError(failed.map((r) => r.error));
  },
};

/**
 * Builds the named filters, all when none is named; those that are up to date are left alone unless forced.
 * @param {{ names?: readonly string[], force?: boolean }} options
 * @returns {Promise<{ name: string, report?: any, warnings: any[], built: boolean, error?: unknown }[]>}
 */
export async function buildAll({ names, force = false }) {
  const shared = common();
  const { buildModule } = await load("modules/index");
  return Promise.all(
    (names ?? filters()).map(async (name) => {
      const stamp = wanted(name, shared);
      if (!force && isStamped(`module-${name}`, stamp)) {
        return {
          name,
          report: JSON.parse(readFileSync(path.join(root, "build", `${name}.report.json`), "utf8")),
          warnings: [],
          built: false,
        };
      }
      try {
        const { report, warnings } = await buildModule({ name, entry: `filters/${name}/assembly/index.ts`, baseDir: root });
        writeStamp(`module-${name}`, stamp, outputsOf(name));
        return { name, report, warnings, built: true };
      } catch (error) {
        return { name, warnings: [], built: false, error };
      }
    }),
  );
}
