// @ts-check
/** `npm run generate` writes every generated file; with `--check` it only says which are stale. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root, writeAtomically } from "./lib/files.mjs";

/**
 * A file in the repository that is made from others: schemas, tables in documents, pages of error codes.
 * @typedef {{ file: string, generate(): Promise<string> }} Generator
 */

/** @type {Generator[]} One entry per file; `generate` gives its whole text. What needs compiled code takes it with `load()` from lib/dist.mjs. */
export const generators = [];

/** Files whose text is not what their generator gives. @returns {Promise<{ file: string, text: string }[]>} */
export async function stale() {
  const all = await Promise.all(generators.map(async ({ file, generate }) => ({ file, text: await generate() })));
  return all.filter(({ file, text }) => {
    const absolute = path.join(root, file);
    return !existsSync(absolute) || readFileSync(absolute, "utf8") !== text;
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { setup } = await import("./setup.mjs");
  await setup({ upTo: "dist" });
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
