import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { packageRoot } from "../../harness/provision/cache.ts";
import { type FilterSource, findFilters } from "../../modules/index.ts";
import { findModule } from "../modules.ts";
import { bringUpToDate } from "../project/up-to-date.ts";
import { seconds } from "../text.ts";

/** A filter whose configuration is checked. */
export interface Filter {
  name: string;
  /** Absolute; it need not be there. */
  module: string;
  /** Absolute; undefined when there is none. */
  schema?: string;
  /** Where it is built, when it is a filter of a project. */
  source?: { project: string; filter: FilterSource };
}

/** Files of tools that lie beside a filter and are not its configuration. */
const OF_TOOLS = /^(?:package(?:-lock)?|tsconfig(?:\..*)?|asconfig|biome|.*\.schema|\..*)\.json$/;

/**
 * The filter that a file is a configuration of, by where it lies or how it is called: `config.json` and the like beside `assembly/`, any JSON
 * below such a folder, else `NAME.json` or `NAME.config.json` for a filter that is there.
 */
export async function filterOfFile(path: string, cwd: string): Promise<Filter | undefined> {
  const name = basename(path);
  if (OF_TOOLS.test(name)) return undefined;
  const found = await filterAbove(path);
  if (found !== undefined) return found;
  const filter = /^(.+?)(?:\.config)?\.json$/.exec(name)?.[1];
  return filter === undefined ? undefined : await filterNamed(filter, cwd).catch(() => undefined);
}

async function filterAbove(path: string): Promise<Filter | undefined> {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (!existsSync(join(folder, "assembly/index.ts"))) continue;
    // Beside assembly/ lie other files, too: only what is called a configuration is one.
    if (folder === dirname(path) && !/^(?:config(?:\..*)?|.*\.config)\.json$/.test(basename(path))) return undefined;
    const below = basename(dirname(folder)) === "filters" ? dirname(dirname(folder)) : folder;
    const filters = await findFilters(below);
    const filter = filters.find((one) => resolve(below, one.folder) === folder);
    return filter && ofProject(below, filter);
  }
  return undefined;
}

/**
 * A filter of the project in the working directory, else one whose module is there or comes with meshscript.
 * @throws MeshscriptError MS0506
 */
export async function filterNamed(name: string, cwd: string): Promise<Filter> {
  const own = (await findFilters(cwd)).find((filter) => filter.name === name);
  if (own) return ofProject(cwd, own);
  const module = findModule(name, cwd);
  const schema = await schemaOf(module.path, cwd);
  return { name: module.name, module: module.path, ...(schema === undefined ? {} : { schema }) };
}

export function ofProject(project: string, filter: FilterSource): Filter {
  const schema = join(project, filter.folder, "config.schema.json");
  const module = join(project, "build", `${filter.name}.wasm`);
  return { name: filter.name, module, source: { project, filter }, ...(existsSync(schema) ? { schema } : {}) };
}

/**
 * The schema for what a module takes, when it is known whose it is: one lies beside it, as `fuse` writes it; it lies in the build/ of the filter's project, or is called as a filter of
 * the project in the working directory, or is one of meshscript's own, byte by byte.
 */
export async function schemaOf(module: string, cwd: string): Promise<string | undefined> {
  const name = nameOf(module);
  const beside = join(dirname(module), `${name}.config.schema.json`);
  if (existsSync(beside)) return beside;
  const project = dirname(dirname(module));
  const near = basename(dirname(module)) === "build" ? await schemaIn(project, name) : undefined;
  return near ?? (await schemaIn(cwd, name)) ?? (isOurs(module) ? await schemaIn(packageRoot(), name) : undefined);
}

/** `build/tracing.debug.wasm` -> "tracing" */
export function nameOf(module: string): string {
  return basename(module).replace(/(?:\.debug)?\.wasm$/, "");
}

async function schemaIn(project: string, name: string): Promise<string | undefined> {
  const own = (await findFilters(project)).find((filter) => filter.name === name);
  // The packed meshscript has the schemas without the sources.
  const file = join(project, own?.folder ?? `filters/${name}`, "config.schema.json");
  return existsSync(file) ? file : undefined;
}

function isOurs(module: string): boolean {
  const ours = join(packageRoot(), "build", basename(module));
  return existsSync(module) && existsSync(ours) && readFileSync(module).equals(readFileSync(ours));
}

/** Builds a filter of a project unless its module is of the sources as they are. @returns lines about it, for a person */
export async function built({ source, name }: Filter): Promise<string[]> {
  if (!source) return [];
  const { built: anew, took, warnings } = await bringUpToDate(source.filter, source.project);
  return [...(warnings === "" ? [] : [warnings]), ...(anew ? [`built ${name}.wasm in ${seconds(took)}`] : [])];
}
