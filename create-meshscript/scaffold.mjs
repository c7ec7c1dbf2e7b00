// @ts-check
/** Makes a filter package from template/, and from one of the examples when asked. Shared by `npm create meshscript` and `meshscript new`. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** What the user has to put right; one line. */
export class ScaffoldError extends Error {}

/** What an example brings; the template's own of these stay out. */
const OF_THE_FILTER = ["assembly", "cases.yaml", "config.json", "config.schema.json", "test", "README.md"];

/**
 * @typedef {object} Scaffold
 * @property {string} folder where the package goes; its last part is the filter's name
 * @property {string} template
 * @property {string} examples
 * @property {string} [example] name of a folder in `examples`
 */

/**
 * @param {Scaffold} options
 * @returns {{ name: string, folder: string, files: string[] }} the files, relative to the folder
 * @throws ScaffoldError before anything is written
 */
export function scaffold({ folder, template, examples, example }) {
  const target = path.resolve(folder);
  const name = path.basename(target);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new ScaffoldError(
      `the name ${JSON.stringify(name)} is none for a filter: lower-case letters, digits and single dashes, a letter first`,
    );
  }
  if (existsSync(target) && readdirSync(target).some((file) => file !== ".git")) {
    throw new ScaffoldError(`the folder ${folder} is there and not empty: nothing was written`);
  }
  if (example !== undefined && !exampleNames(examples).includes(example)) {
    throw new ScaffoldError(`there is no example ${JSON.stringify(example)}; there are: ${exampleNames(examples).join(", ")}`);
  }
  const files = [
    ...filesBelow(template)
      .filter((file) => example === undefined || !OF_THE_FILTER.includes(file.split("/")[0] ?? ""))
      .map((file) => ({ file: renamed(file, name), text: adapted(read(template, file), name) })),
    ...(example === undefined
      ? []
      : filesBelow(path.join(examples, example)).map((file) => ({ file, text: ofExample(read(examples, example, file), example, name) }))),
  ];
  try {
    for (const { file, text } of files) {
      makeFolder(path.dirname(path.join(target, file)));
      writeFileSync(path.join(target, file), text);
    }
  } catch (error) {
    throw new ScaffoldError(`the folder ${folder} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
  return { name, folder: target, files: files.map(({ file }) => file).sort() };
}

/** Step by step: `recursive` never comes back where the system says ENOENT of a folder that nobody can make, as in /proc. @param {string} folder */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder);
}

/** @param {string} examples */
export function exampleNames(examples) {
  if (!existsSync(examples)) return [];
  return readdirSync(examples)
    .filter((name) => existsSync(path.join(examples, name, "assembly/index.ts")))
    .sort();
}

/** npm leaves files out whose names begin with a dot: they are kept with `_`. @param {string} file @param {string} name */
function renamed(file, name) {
  return file.replace(/^_/, ".").replaceAll("my-filter", name);
}

/** @param {string} text @param {string} name */
function adapted(text, name) {
  const words = name.split("-");
  const pascal = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
  return text.replaceAll("my-filter", name).replaceAll("MyFilter", pascal).replaceAll("my_filter", words.join("_"));
}

/** An example keeps its own words; only what names the module and leads out of its folder changes. @param {string} text @param {string} example @param {string} name */
function ofExample(text, example, name) {
  return text
    .replaceAll("$schema=../../harness/", "$schema=./node_modules/meshscript/harness/")
    .replaceAll(`build/${example}.wasm`, `build/${name}.wasm`)
    .replaceAll(`--filter ${example}`, `--filter ${name}`);
}

/** @param {...string} parts */
function read(...parts) {
  return readFileSync(path.join(...parts), "utf8");
}

/** Relative, with forward slashes. @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "build" || entry.name === "node_modules") return [];
    const below = path.join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(below).map((file) => `${entry.name}/${file}`) : [entry.name];
  });
}
