// @ts-check
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { load } from "./dist.mjs";
import { filesBelow, fingerprint, isAssemblyScript, isStamped, root, writeStamp } from "./files.mjs";

const outputs = [".wasm", ".wasm.map", ".debug.wasm", ".debug.wasm.map", ".report.json"];

/** Filters by folder name: those of filters/, whose modules go to build/, and the examples, each with a build/ of its own. */
export function filters() {
  return [...sources().keys()];
}

/** @returns {Map<string, { entry: string, outDir: string }>} */
function sources() {
  const found = ["filters", "examples"].flatMap((folder) => {
    const names = existsSync(path.join(root, folder)) ? readdirSync(path.join(root, folder)).sort() : [];
    return names.flatMap((name) => {
      const entry = `${folder}/${name}/assembly/index.ts`;
      if (!existsSync(path.join(root, entry))) return [];
      return [/** @type {const} */ ([name, { entry, outDir: folder === "filters" ? "build" : `${folder}/${name}/build` }])];
    });
  });
  return new Map(found);
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

/** @param {string} entry @param {string} shared */
function wanted(entry, shared) {
  return fingerprint(filesBelow(path.dirname(entry), isAssemblyScript), shared);
}

/** AssemblyScript to `build/`. */
export const wasm = {
  title: "wasm modules",
  isCurrent() {
    const shared = common();
    return [...sources()].every(([name, { entry }]) => isStamped(`module-${name}`, wanted(entry, shared)));
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
  const chosen = [...sources()].filter(([name]) => names?.includes(name) ?? true);
  return Promise.all(
    chosen.map(async ([name, { entry, outDir }]) => {
      const stamp = wanted(entry, shared);
      if (!force && isStamped(`module-${name}`, stamp)) {
        return {
          name,
          report: JSON.parse(readFileSync(path.join(root, outDir, `${name}.report.json`), "utf8")),
          warnings: [],
          built: false,
        };
      }
      try {
        const { report, warnings } = await buildModule({ name, entry, outDir, baseDir: root });
        writeStamp(
          `module-${name}`,
          stamp,
          outputs.map((suffix) => `${outDir}/${name}${suffix}`),
        );
        return { name, report, warnings, built: true };
      } catch (error) {
        return { name, warnings: [], built: false, error };
      }
    }),
  );
}
