import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Diagnostic, DiagnosticCode, MeshscriptError } from "../diagnostics/index.ts";
import { packageRoot } from "../harness/provision/cache.ts";
import { type TracedModule, openTraced, parseModule } from "../modules/index.ts";
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

/**
 * A module that only takes part in TCP would be called by nobody in the HTTP chain that `run --filter` and `dev` make.
 * @throws MeshscriptError MS0504
 */
export function refuseNetworkFilter(name: string, path: string): void {
  let names: string[];
  try {
    names = parseModule(readFileSync(path)).exports.map((one) => one.name);
  } catch {
    // What is no module at all is told by who loads it.
    return;
  }
  const tcp = /^proxy_on_(new_connection|(down|up)stream_(data|connection_close))$/;
  const http = /^proxy_on_(request|response)_/;
  if (!names.some((one) => tcp.test(one)) || names.some((one) => http.test(one))) return;
  throw usage(
    "MS0504",
    `${name} is a network filter, for TCP: \`--filter\` and \`dev\` are for HTTP filters`,
    "write a configuration with envoy.filters.network.wasm and give it to `meshscript run -c`; test the filter with `tcp` listeners (docs/testing.md)",
  );
}

const FATAL = new Set<DiagnosticCode>(["MS0205", "MS0210", "MS0211", "MS0212", "MS0213", "MS0214", "MS0216", "MS0218", "MS0222"]);

/**
 * Whether Envoy does not load a module of which the verifier says this, or does not survive it (MS0222). Its other findings are about what
 * breaks later, and for whoever builds the module.
 */
export function isFatal({ code, message }: Diagnostic): boolean {
  // Envoy loads older versions of the ABI, too.
  return FATAL.has(code) || (code === "MS0217" && message.endsWith("is no ABI version that Envoy knows"));
}

/** Those modules that have a source map beside them: their traps are shown with file:line:column. */
export function tracedModules(paths: readonly string[]): TracedModule[] {
  return paths.filter((path) => existsSync(`${path}.map`)).map((path) => openTraced(path));
}
