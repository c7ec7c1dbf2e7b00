import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { render } from "../../diagnostics/index.ts";
import { type FilterSource, buildModule } from "../../modules/index.ts";

export interface BroughtUpToDate {
  built: boolean;
  /** Milliseconds. */
  took: number;
  /** The compiler's warnings, rendered. */
  warnings: string;
}

/** Builds a filter unless build/ has all of its module, made from the sources as they are. @throws MeshscriptError of `buildModule` */
export async function bringUpToDate({ name, entry }: FilterSource, cwd: string): Promise<BroughtUpToDate> {
  const module = join(cwd, "build", `${name}.wasm`);
  const companions = ["", ".map"].flatMap((suffix) => [`${module}${suffix}`, `${module.replace(/wasm$/, "debug.wasm")}${suffix}`]);
  if (companions.every((file) => existsSync(file)) && changedSource(`${module}.map`, cwd, "changed") === undefined) {
    return { built: false, took: 0, warnings: "" };
  }
  const started = performance.now();
  const { warnings } = await buildModule({ name, entry, baseDir: cwd });
  return { built: true, took: performance.now() - started, warnings: warnings.length === 0 ? "" : render(warnings).trimEnd() };
}

/**
 * The first source of a module whose text on disk differs from the text in the source map. By text, not by time: a fresh clone's files
 * are all younger than a module from the cache.
 *
 * @param gone what a source that is no more there counts as: a module can lie in a folder without its sources
 */
export function changedSource(mapFile: string, cwd: string, gone: "changed" | "same" = "same"): string | undefined {
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
  const sdk = sdkFolder(cwd);
  const changed = sources.find((source, i) => {
    const then = sourcesContent[i];
    const library = /^~lib\/proxy-wasm-assemblyscript-sdk\/(.*)$/.exec(source)?.[1];
    // The compiler's own library changes only with the compiler.
    if (then === undefined || then === null || (source.startsWith("~") && library === undefined)) return false;
    const now = read(library === undefined ? join(cwd, source) : join(sdk, library));
    // Generated entries are in no folder.
    return now === undefined ? gone === "changed" && !source.endsWith(".module.ts") : now !== then;
  });
  return changed?.replace(/^~lib\//, "");
}

/** Where npm put the SDK: in the project, or in a folder above it when the project is a workspace. */
function sdkFolder(cwd: string): string {
  const own = join(cwd, "node_modules/proxy-wasm-assemblyscript-sdk");
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules/proxy-wasm-assemblyscript-sdk");
    if (existsSync(candidate)) return candidate;
    if (folder === dirname(folder)) return own;
  }
}
