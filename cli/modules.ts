import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { MeshscriptError } from "../diagnostics/index.ts";
import { packageRoot } from "../harness/provision/cache.ts";
import { closest } from "../modules/verify/closest.ts";
import { usage } from "./parse.ts";

/** Release modules in a project's build/, by name. */
export function builtModules(folder: string): { name: string; path: string }[] {
  const build = join(folder, "build");
  if (!existsSync(build)) return [];
  return readdirSync(build)
    .filter((file) => file.endsWith(".wasm") && !file.endsWith(".debug.wasm"))
    .sort()
    .map((file) => ({ name: basename(file, ".wasm"), path: join(build, file) }));
}

/**
 * The module that `--filter` names: a path, or a name in the project's build/, then in meshscript's own.
 * @throws MeshscriptError MS0506
 */
export function findModule(name: string, cwd: string): { name: string; path: string } {
  if (name.endsWith(".wasm") || name.includes("/")) {
    const path = resolve(cwd, name);
    if (!existsSync(path)) throw usage("MS0506", `no such module: ${name}`, "check the path");
    return { name: basename(path, ".wasm"), path };
  }
  const all = [...builtModules(cwd), ...builtModules(packageRoot())];
  const found = all.find((module) => module.name === name);
  if (found) return found;
  const names = [...new Set(all.map((module) => module.name))];
  throw moduleNotFound(name, names, `there is no build/${name}.wasm`);
}

export function moduleNotFound(name: string, names: readonly string[], why: string): MeshscriptError {
  const near = closest(name, names);
  const hint = near === undefined ? `; there are: ${names.join(", ") || "none"}` : `, did you mean ${JSON.stringify(near)}?`;
  return usage("MS0506", `unknown filter ${JSON.stringify(name)} (${why})${hint}`);
}
