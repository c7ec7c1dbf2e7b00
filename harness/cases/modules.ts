import { basename, resolve } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { CasePlugin, Cases } from "./case.ts";
import type { RunnableCase } from "./target.ts";

/** The path of the module for all plugins whose chain names none, or paths by the name in `filter`; relative to the working directory. */
export type ModulePaths = string | Readonly<Record<string, string>>;

/**
 * Gives every plugin its module: what is said of one plugin goes before what is said of all, and the caller goes before the file.
 * @throws MeshscriptError MS0805 with the places of all plugins that have none.
 */
export function withModules(cases: Cases, wasm: ModulePaths | undefined): RunnableCase[] {
  const missing = new Map<string, ReturnType<typeof diagnostic>>();
  const runnable = cases.cases.map((one) => ({
    ...one,
    chain: one.chain.map((plugin) => {
      const path = moduleOf(plugin, wasm, cases.wasm);
      if (path !== undefined) return { ...plugin, filter: plugin.filter ?? basename(path, ".wasm"), wasm: path };
      const { filter } = plugin;
      const message = filter === undefined ? "there is no module to run" : `there is no module for the filter ${JSON.stringify(filter)}`;
      missing.set(plugin.path.join("/"), diagnostic("MS0805", message, { location: cases.locate(plugin.path.slice(0, -1)) }));
      return { ...plugin, filter: "", wasm: "" };
    }),
  }));
  if (missing.size > 0) throw new MeshscriptError([...missing.values()]);
  return runnable;
}

function moduleOf({ filter, wasm: own }: CasePlugin, given: ModulePaths | undefined, ofFile: string | undefined): string | undefined {
  const named = typeof given === "object" && filter !== undefined ? given[filter] : undefined;
  const any = typeof given === "string" ? given : undefined;
  const path = named ?? own ?? any ?? ofFile;
  return path === undefined ? undefined : resolve(path);
}
