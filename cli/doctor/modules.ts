import { statSync } from "node:fs";
import { findFilters, verifyModule } from "../../modules/index.ts";
import { builtModules } from "../modules.ts";
import { changedSource } from "../project/up-to-date.ts";
import { kib } from "../text.ts";
import { type Check, failure, success, warning } from "./check.ts";

/** The modules in the project's build/: there, right, and made from the sources as they are now. */
export async function moduleChecks(cwd: string): Promise<Check[]> {
  const built = builtModules(cwd);
  const filters = await findFilters(cwd);
  const missing = filters.filter(({ name }) => !built.some((module) => module.name === name));
  const checks = built.map(({ name, path }) => moduleCheck(name, path, cwd));
  for (const { name, folder } of missing)
    checks.push(warning(`build/${name}.wasm is built`, `${folder === "." ? name : folder} has no module in build/`, "meshscript build"));
  return checks.length > 0 ? checks : [success("no filters and no build/ in this folder")];
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
