import { existsSync, readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { type Part, registeredName, virtualFolder } from "../../modules/fuse.ts";
import { findFilters } from "../../modules/index.ts";
import { loadSchema } from "../check/schema.ts";
import { moduleNotFound } from "../modules.ts";
import { usage } from "../parse.ts";

/** A part, and what it takes to compile it and to check its configuration. */
export interface Source extends Part {
  schema?: Record<string, unknown>;
  /** Sources that the project does not have: meshscript's own. */
  virtualFiles: Record<string, string>;
}

/** Where meshscript's own sources lie for the compiler: the same in any project, and so are the module's bytes. */
const OWN = "meshscript";

/**
 * The part that a word names: a path to a filter's folder or index.ts, or the name of a filter of the project in the working directory or of meshscript.
 * @throws MeshscriptError MS0506, MS0909 for a config.schema.json that is no schema
 */
export async function partOf(word: string, cwd: string): Promise<Source> {
  if (word.includes("/") || word.endsWith(".ts") || word === ".") return fromPath(word, cwd);
  const projects = await findFilters(cwd);
  const known = projects.find(({ name }) => name === word);
  if (known) return partAt(join(cwd, known.entry), cwd, word);
  const root = packageRoot();
  const own = await ownNames(root);
  if (!own.includes(word)) {
    const names = [...projects.map(({ name }) => name), ...own];
    throw moduleNotFound(word, names, "no filter of the project or of meshscript has that name; a path has a slash in it, as ./my-filter");
  }
  const folder = `filters/${word}`;
  const files = [
    virtualFolder(join(root, folder, "assembly"), `${OWN}/${folder}/assembly`),
    virtualFolder(join(root, "policy/assembly"), `${OWN}/policy/assembly`),
  ];
  const virtualFiles = Object.assign(
    { [`${OWN}/policy/index.ts`]: readFileSync(join(root, "policy/index.ts"), "utf8") },
    ...(await Promise.all(files)),
  );
  return { name: word, entry: `${OWN}/${folder}/assembly/index.ts`, virtualFiles, ...(await schemaIn(join(root, folder), word, cwd)) };
}

/** Filters whose sources come with meshscript. */
async function ownNames(root: string): Promise<string[]> {
  const folders = await readdir(join(root, "filters"));
  return folders.filter((name) => existsSync(join(root, "filters", name, "assembly/index.ts"))).sort();
}

async function fromPath(word: string, cwd: string): Promise<Source> {
  const path = resolve(cwd, word);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const candidates = isFolder ? [join(path, "assembly/index.ts"), join(path, "index.ts")] : [path];
  const entry = candidates.find((file) => existsSync(file));
  if (entry !== undefined) return await partAt(entry, cwd, undefined);
  throw usage("MS0506", `no such filter: ${word}`, isFolder ? "the folder has no assembly/index.ts" : "check the path");
}

async function partAt(entry: string, cwd: string, known: string | undefined): Promise<Source> {
  const name = registeredName(entry) ?? known;
  if (name === undefined)
    throw usage("MS0506", `${relative(cwd, entry)} registers no filter, or several`, 'it has one line `register("NAME", ...)`');
  const schema = await schemaIn(dirname(dirname(entry)), name, cwd);
  return { name, entry: relative(cwd, entry).replaceAll("\\", "/"), virtualFiles: {}, ...schema };
}

async function schemaIn(folder: string, name: string, cwd: string): Promise<{ schema?: Record<string, unknown> }> {
  const file = join(folder, "config.schema.json");
  if (!existsSync(file)) return {};
  const loaded = await loadSchema(name, file, relative(cwd, file));
  if ("code" in loaded) throw new MeshscriptError({ ...loaded, help: "write a JSON schema of draft-07, or remove the file" });
  // As it was read.
  return { schema: loaded.validate.schema as Record<string, unknown> };
}
