// @ts-check
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { filesBelow, fingerprint, isAssemblyScript, isStamped, root, writeAtomically, writeStamp } from "./files.mjs";
import { KnownError } from "./known-error.mjs";

const folders = [
  "bench",
  "cli",
  "create-meshscript",
  "dashboards",
  "demo",
  "diagnostics",
  "filters",
  "fused",
  "harness",
  "mesh",
  "modules",
];
const entries = [
  "bench/authz.ts",
  "bench/budgets.ts",
  "bench/chain.ts",
  "bench/fault-injection.ts",
  "bench/peer-metadata.ts",
  "bench/dev.ts",
  "bench/filter-cpu.ts",
  "bench/footprint.ts",
  "bench/host-requests.ts",
  "bench/mesh.ts",
  "bench/metrics.ts",
  "bench/open-streams.ts",
  "bench/soak.ts",
  "cli/main.ts",
  "dashboards/src/index.ts",
  "demo/main.ts",
  "diagnostics/index.ts",
  "filters/configs.ts",
  "fused/config.ts",
  "harness/index.ts",
  "harness/cases/index.ts",
  "harness/cases/schema.ts",
  "harness/expect/index.ts",
  "harness/provision/index.ts",
  "mesh/coverage/page.ts",
  "mesh/resources/filter-schema.ts",
  "mesh/test/pilot/ask.ts",
  "modules/index.ts",
  "test/integrations/tools/index.ts",
];

function inputs() {
  const source = (/** @type {string} */ file) =>
    /\.(ts|mjs|json)$/.test(file) && !isAssemblyScript(file) && !/(^|\/)(test|fixtures)\//.test(file);
  return folders.flatMap((folder) => filesBelow(folder, source));
}

/** The benchmarks share the tests' helpers, a script installs the tools of some tests, and one asks Pilot for people. */
const support = () => {
  const helper = (/** @type {string} */ file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !isAssemblyScript(file);
  return [
    ...["mesh/test/pilot", "test/integrations", "test/support", "test/rust"].flatMap((folder) => filesBelow(folder, helper)),
    ...["filters", "fused"].flatMap((folder) => filesBelow(folder, (file) => file.includes("/test/") && helper(file))),
  ];
};

const wanted = () => fingerprint([...inputs(), ...support(), "scripts/lib/dist.mjs", "package-lock.json"]);

/** TypeScript to `dist/`: Node 20 cannot run it. One bundle with shared chunks, so that a command loads few files. */
export const dist = {
  title: "TypeScript",
  isCurrent: () => isStamped("dist", wanted()),
  async make() {
    const stamp = wanted();
    const { build } = await import("esbuild");
    const result = await build({
      absWorkingDir: root,
      entryPoints: existing(),
      outbase: ".",
      outdir: "dist",
      chunkNames: "chunks/[name]-[hash]",
      bundle: true,
      splitting: true,
      packages: "external",
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: true,
      legalComments: "none",
      write: false,
      logLevel: "silent",
    }).catch((error) => {
      throw new KnownError(messages(error));
    });
    /** @type {Set<string>} */
    const keep = new Set();
    for (const { path: file, contents } of result.outputFiles) {
      keep.add(path.resolve(file));
      // Left alone when the same, so that a demo that runs meanwhile keeps its files.
      if (!existsSync(file) || !readFileSync(file).equals(contents)) writeAtomically(file, contents);
    }
    for (const file of leftovers(path.join(root, "dist"), keep)) rmSync(file);
    writeStamp("dist", stamp, [...keep]);
  },
};

/** Imports a compiled entry, for example `load("modules/index")`. @param {string} entry @returns {Promise<any>} */
export async function load(entry) {
  const { pathToFileURL } = await import("node:url");
  return import(pathToFileURL(path.join(root, "dist", `${entry}.js`)).href);
}

/** @param {string} entry */
export function hasCompiled(entry) {
  return existsSync(path.join(root, "dist", `${entry}.js`));
}

function existing() {
  return entries.filter((entry) => existsSync(path.join(root, entry)));
}

/** @param {{ errors?: { text: string, location?: { file: string, line: number, column: number, lineText: string } | null }[], message?: string }} error */
function messages(error) {
  if (!error.errors?.length) return error.message ?? String(error);
  return error.errors
    .map(({ text, location: at }) => (at ? `${at.file}:${at.line}:${at.column + 1}: ${text}\n    ${at.lineText}` : text))
    .join("\n");
}

/** Compiled files of sources that are gone; `dist/types` is another tool's. @param {string} folder @param {Set<string>} keep @returns {string[]} */
function leftovers(folder, keep) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "types" ? [] : leftovers(file, keep);
    return keep.has(file) || !/\.js(\.map)?$/.test(entry.name) ? [] : [file];
  });
}
