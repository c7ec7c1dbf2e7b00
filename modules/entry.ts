import { existsSync } from "node:fs";
import path from "node:path";
import { type Diagnostic, MeshscriptError, diagnostic } from "../diagnostics/index.ts";
import { callbackTable, sdkPaths } from "./callbacks.ts";
import { type CompileOptions, type Compiled, compile, relativeTo } from "./compile.ts";

/** The path of a filter's index.ts, relative to the project. @throws MeshscriptError MS0205 */
export function existingEntry(baseDir: string, file: string, virtualFiles: Readonly<Record<string, string>> = {}): string {
  const entry = relativeTo(baseDir, file);
  if (entry in virtualFiles || existsSync(path.join(baseDir, entry))) return entry;
  throw new MeshscriptError(diagnostic("MS0205", `no such file: ${entry}`, { location: { file: entry } }));
}

/**
 * The generated entry stands beside the filter's index.ts, in memory only. Everything the SDK can export is offered; the compiler
 * thread then keeps what this filter uses.
 */
export function compileEntry(
  baseDir: string,
  entry: string,
  outFile: string,
  flags: readonly string[],
  { run, virtualFiles }: Pick<CompileOptions, "run" | "virtualFiles"> = {},
): Promise<Compiled> {
  const index = path.posix.basename(entry).replace(/\.ts$/, "");
  const generated = path.posix.join(path.posix.dirname(entry), `${index}.module`);
  const fromPackage = (internal: string) => internal.replace(/^~lib\//, "");
  const text = [
    `import "./${index}";`,
    // `--use abort=` fails unless some file imports the one that declares it.
    `import "${fromPackage(sdkPaths.abort)}";`,
    `export * from "${fromPackage(sdkPaths.exports)}";`,
    "",
  ].join("\n");
  return compile({
    baseDir,
    entries: [`${generated}.ts`],
    outFile,
    flags,
    virtualFiles: { ...virtualFiles, [`${generated}.ts`]: text },
    callbacks: callbackTable(generated),
    ...(run === undefined ? {} : { run }),
  });
}

/** Why there is no module, or not a whole one; nothing when there is one. */
export function failuresOf({ wasm, sourceMap, missing, diagnostics }: Compiled): Diagnostic[] {
  if (wasm !== undefined && sourceMap !== undefined && missing.length === 0) return [];
  return [...diagnostics, ...missing.map((name) => missingExport(name))];
}

function missingExport(name: string): Diagnostic {
  return diagnostic("MS0206", `proxy-wasm-assemblyscript-sdk exports no ${name}, which this module needs`);
}
