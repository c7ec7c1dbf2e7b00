// @ts-check
/** `npm run generate` writes every generated file; with `--check` it only says which are stale. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { load } from "./lib/dist.mjs";
import { root, writeAtomically } from "./lib/files.mjs";
import { failWith } from "./lib/report.mjs";

/**
 * A file in the repository that is made from others (schemas, tables in documents), or a set of files when their names are made too.
 * @typedef {{ file: string, generate(): Promise<string> } | { files(): Promise<{ file: string, text: string }[]> }} Generator
 */

/** @type {Generator[]} `generate` gives the whole text. What needs compiled code takes it with `load()` from lib/dist.mjs. */
const generators = [
  { file: "docs/cli.md", generate: async () => (await load("cli/main")).documentation() },
  { files: errorPages },
  { files: filterPages },
  { file: "fused/config.schema.json", generate: async () => (await load("fused/config")).schemaFile() },
  { file: "harness/cases/cases.schema.json", generate: async () => (await load("harness/cases/schema")).casesSchemaFile() },
  { file: "mesh/schemas/meshscript.json", generate: async () => (await load("mesh/resources/filter-schema")).ownKindsFile() },
  { file: "mesh/schemas/filter.schema.json", generate: async () => (await load("mesh/resources/filter-schema")).filterSchemaFile() },
  { file: "dashboards/grafana.json", generate: async () => (await load("dashboards/src/index")).grafanaFile() },
  { file: "docs/coverage.md", generate: async () => (await load("mesh/coverage/page")).coveragePage() },
  { file: "docs/sdk-api.md", generate: async () => (await import("./lib/api-reference.mjs")).apiReference() },
];

/** `docs/errors/`: a page per code, and the index. */
async function errorPages() {
  const { registry, errorPage, errorIndex } = await load("diagnostics/index");
  const pages = Object.keys(registry).map((code) => ({ file: `docs/errors/${code}.md`, text: errorPage(code) }));
  return [{ file: "docs/errors/README.md", text: errorIndex() }, ...pages];
}

/** Each filter's schemas, and the table of fields in its README. */
async function filterPages() {
  const { filterConfigs, filterMetadata, metadataSchemaFile, schemaFile, readmeFile } = await load("filters/configs");
  const metadata = Object.keys(filterMetadata).map((name) => ({
    file: `filters/${name}/metadata.schema.json`,
    text: metadataSchemaFile(name),
  }));
  const configs = Object.keys(filterConfigs).flatMap((name) => {
    const readme = `filters/${name}/README.md`;
    return [
      { file: `filters/${name}/config.schema.json`, text: schemaFile(name) },
      { file: readme, text: readmeFile(name, readFileSync(path.join(root, readme), "utf8")) },
    ];
  });
  return [...configs, ...metadata];
}

/** Files whose text is not what their generator gives. @returns {Promise<{ file: string, text: string }[]>} */
async function stale() {
  const all = await Promise.all(
    generators.map(async (one) => ("files" in one ? one.files() : [{ file: one.file, text: await one.generate() }])),
  );
  return all.flat().filter(({ file, text }) => {
    const absolute = path.join(root, file);
    return !existsSync(absolute) || readFileSync(absolute, "utf8") !== text;
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { setup } = await import("./setup.mjs");
  await setup({ upTo: "dist" }).catch(failWith);
  const found = await stale();
  if (process.argv.includes("--check")) {
    for (const { file } of found) console.log(`${file} is stale: run \`npm run generate\``);
    process.exitCode = found.length > 0 ? 1 : 0;
  } else {
    for (const { file, text } of found) {
      writeAtomically(path.join(root, file), text);
      console.log(`wrote ${file}`);
    }
  }
}
