#!/usr/bin/env node
// @ts-check
/** `npm create meshscript [FOLDER] [-- --example NAME]` */
import path from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ScaffoldError, exampleNames, scaffold } from "./scaffold.mjs";

const own = fileURLToPath(new URL(".", import.meta.url));
const [template, examples] = [path.join(own, "template"), path.join(own, "examples")];
const usage = "usage: npm create meshscript FOLDER [-- --example NAME]";

process.exitCode = await main();

async function main() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { example: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help || positionals.length > 1) {
      console.log(`${usage}\n\nexamples to begin with: ${exampleNames(examples).join(", ")}`);
      return values.help ? 0 : 64;
    }
    const folder = positionals[0] ?? (await ask());
    if (folder === undefined) {
      process.stderr.write(`create-meshscript: which folder?\n${usage}\n`);
      return 64;
    }
    const made = scaffold({ folder, template, examples, ...(values.example === undefined ? {} : { example: values.example }) });
    const inside = path.relative(process.cwd(), made.folder);
    console.log(`√ ${made.name}: ${made.files.length} files in ${inside || "."}\n`);
    for (const line of [...(inside === "" ? [] : [`cd ${inside}`]), "npm install", "npm test", "npm run dev"]) console.log(`  ${line}`);
    return 0;
  } catch (error) {
    if (!(error instanceof ScaffoldError) && !(error instanceof TypeError && "code" in error)) throw error;
    process.stderr.write(`create-meshscript: ${error.message}\n${error instanceof ScaffoldError ? "" : `${usage}\n`}`);
    return 64;
  }
}

/** @returns {Promise<string | undefined>} undefined when there is nobody to ask */
async function ask() {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question("folder and name of the filter [my-filter]: ")).trim() || "my-filter";
  } finally {
    lines.close();
  }
}
