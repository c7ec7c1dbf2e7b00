import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { findFilters, verifyModule } from "../../modules/index.ts";
import { builtModules } from "../modules.ts";
import { kib } from "../text.ts";
import { type Check, failure, success, warning } from "./check.ts";

/** The modules in the project's build/: there, right, and made from the sources as they are now. */
export async function moduleChecks(cwd: string): Promise<Check[]> {
  const built = builtModules(cwd);
  const filters = await findFilters(cwd);
  const missing = filters.filter(({ name }) => !built.some((module) => module.name === name));
  const checks = built.map(({ name, path }) => moduleCheck(name, path, cwd));
  for (const { name } of missing)
    checks.push(warning(`build/${name}.wasm is built`, `filters/${name} has no module in build/`, "meshscript build"));
  return checks.length > 0 ? checks : [success("no filters/ and no build/ in this folder")];
}

function moduleCheck(name: string, path: string, cwd: string): Check {
  const file = `build/${name}.wasm`;
  const findings = verifyModule(path, { file });
  const [first] = findings;
  if (first) {
    const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : "";
    return failure(`${file} is a module that Envoy loads`, `${first.code}: ${first.message}${more}`, `meshscript verify ${file}`);
  }
  const changed = changedSource(`${path}.map`, cwd);
  if (changed !== undefined) return warning(`${file} is up to date`, `${changed} is not what it was built from`, "meshscript build");
  return success(`${file} is right and up to date (${kib(statSync(path).size)} KiB)`);
}

/**
 * The first source of a module whose text on disk differs from the text in the source map. By text, not by time: a fresh clone's files
 * are all younger than a module from the cache.
 */
export function changedSource(mapFile: string, cwd: string): string | undefined {
  const read = (file: string) => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return undefined;
    }
  };
  const text = read(mapFile);
  if (text === undefined) return undefined;
  const { sources = [], sourcesContent = [] } = JSON.parse(text) as { sources?: string[]; sourcesContent?: (string | null)[] };
  const changed = sources.find((source, i) => {
    const then = sourcesContent[i];
    const library = /^~lib\/(proxy-wasm-assemblyscript-sdk\/.*)$/.exec(source)?.[1];
    // The compiler's own library changes only with the compiler.
    if (then === undefined || then === null || (source.startsWith("~") && library === undefined)) return false;
    const now = read(library === undefined ? join(cwd, source) : join(cwd, "node_modules", library));
    // Generated entries are in no folder.
    return now !== undefined && now !== then;
  });
  return changed?.replace(/^~lib\//, "");
}
