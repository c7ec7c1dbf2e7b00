// @ts-check
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { load } from "./dist.mjs";
import { filesBelow, fingerprint, isAssemblyScript, isStamped, root, writeStamp } from "./files.mjs";

const outputs = [".wasm", ".wasm.map", ".debug.wasm", ".debug.wasm.map", ".report.json"];

/** Filters by folder name: those of filters/, whose modules go to build/, all of them as `mesh`, and the examples, each with a build/ of its own. */
export function filters() {
  return [...sources().keys()];
}

/** @returns {Map<string, { entry: string, outDir: string, folders: readonly string[] }>} `folders`: of its own sources */
function sources() {
  const filters = entriesBelow("filters");
  const folders = filters.map(({ entry }) => path.dirname(entry));
  const fused = { entry: "fused/assembly/index.ts", outDir: "build", folders: ["fused/assembly", ...folders] };
  /** @type {Map<string, { entry: string, outDir: string, folders: readonly string[] }>} */
  const found = new Map();
  for (const { name, entry } of filters) found.set(name, { entry, outDir: "build", folders: [path.dirname(entry)] });
  if (existsSync(path.join(root, fused.entry))) found.set("mesh", fused);
  for (const { name, entry } of entriesBelow("examples")) {
    found.set(name, { entry, outDir: `examples/${name}/build`, folders: [path.dirname(entry)] });
  }
  return found;
}

/** @param {string} folder */
function entriesBelow(folder) {
  const names = existsSync(path.join(root, folder)) ? readdirSync(path.join(root, folder)).sort() : [];
  return names
    .map((name) => ({ name, entry: `${folder}/${name}/assembly/index.ts` }))
    .filter(({ entry }) => existsSync(path.join(root, entry)));
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

/** @param {readonly string[]} folders @param {string} shared */
function wanted(folders, shared) {
  return fingerprint(
    folders.flatMap((folder) => filesBelow(folder, isAssemblyScript)),
    shared,
  );
}

/** AssemblyScript to `build/`. */
export const wasm = {
  title: "wasm modules",
  isCurrent() {
    const shared = common();
    return [...sources()].every(([name, { folders }]) => isStamped(`module-${name}`, wanted(folders, shared)));
  },
  async make() {
    const results = await buildAll({});
    const failed = results.filter((r) => r.error !== undefined);
    if (failed.length > 0) throw failed.length === 1 ? failed[0]?.error : new AggregateError(failed.map((r) => r.error));
  },
};

/**
 * Where the release module of these sources lies, when it is built and of them as they are: who wants it, as tests do, need not build it again.
 * @param {string} entry its index.ts, relative to the repository @returns {string | undefined} absolute
 */
export function currentModule(entry) {
  const found = [...sources()].find(([, each]) => each.entry === entry);
  if (!found) return undefined;
  const [name, { outDir, folders }] = found;
  return isStamped(`module-${name}`, wanted(folders, common())) ? path.join(root, outDir, `${name}.wasm`) : undefined;
}

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
    chosen.map(async ([name, { entry, outDir, folders }]) => {
      const stamp = wanted(folders, shared);
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
