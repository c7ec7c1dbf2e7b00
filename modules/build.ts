import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { type Diagnostic, MeshscriptError, diagnostic } from "../diagnostics/index.ts";
import { debugFlags, releaseFlags } from "./asc/flags.ts";
import { callbackTable, sdkPaths } from "./callbacks.ts";
import { type Compiled, compile, relativeTo } from "./compile.ts";
import { type ModuleReport, makeReport } from "./report.ts";
import { verifyModule } from "./verify.ts";

export interface BuildOptions {
  /** Name of the output files: `<name>.wasm` and its companions. */
  name: string;
  /** The filter's index.ts, which only calls `register(...)`; relative to `baseDir` or absolute. */
  entry: string;
  /** Where the outputs go, relative to `baseDir`. Default `build`. */
  outDir?: string;
  /** The project's folder. Default: the current one. */
  baseDir?: string;
}

/** A module in memory: release and debug bytes with their source maps, and the report. */
export interface CompiledModule {
  name: string;
  wasm: Uint8Array;
  sourceMap: string;
  debug: Uint8Array;
  debugSourceMap: string;
  report: ModuleReport;
  warnings: Diagnostic[];
}

/** A module on disk. Paths are absolute. */
export interface BuiltModule {
  name: string;
  files: { wasm: string; sourceMap: string; debug: string; debugSourceMap: string; report: string };
  report: ModuleReport;
  warnings: Diagnostic[];
}

/**
 * Compiles a filter, verifies it and writes `<name>.wasm`, `.wasm.map`, `.debug.wasm`, `.debug.wasm.map` and `.report.json`. The same sources give the
 * same bytes in any folder. Nothing is written unless all of it is right.
 *
 * @throws MeshscriptError with one diagnostic per finding of the compiler or the verifier.
 * @example
 * const { report } = await buildModule({ name: "hello", entry: "filters/hello/assembly/index.ts" });
 */
export async function buildModule(options: BuildOptions): Promise<BuiltModule> {
  const baseDir = path.resolve(options.baseDir ?? ".");
  const outDir = path.resolve(baseDir, options.outDir ?? "build");
  const module = await compileModule(options);
  const at = (suffix: string) => path.join(outDir, `${options.name}${suffix}`);
  const files = {
    wasm: at(".wasm"),
    sourceMap: at(".wasm.map"),
    debug: at(".debug.wasm"),
    debugSourceMap: at(".debug.wasm.map"),
    report: at(".report.json"),
  };
  await mkdir(outDir, { recursive: true });
  // The module last: who watches build/ for it finds its companions there.
  await write(files.sourceMap, module.sourceMap);
  await write(files.debugSourceMap, module.debugSourceMap);
  await write(files.debug, module.debug);
  await write(files.report, `${JSON.stringify(module.report, null, 2)}\n`);
  await write(files.wasm, module.wasm);
  return { name: options.name, files, report: module.report, warnings: module.warnings };
}

/** The same as {@link buildModule} without touching the disk. */
export async function compileModule(options: BuildOptions): Promise<CompiledModule> {
  const baseDir = path.resolve(options.baseDir ?? ".");
  const entry = relativeTo(baseDir, options.entry);
  if (!existsSync(path.join(baseDir, entry))) {
    throw new MeshscriptError(diagnostic("MS0205", `no such file: ${entry}`, { location: { file: entry } }));
  }
  // One after the other names the findings once; both at the same time is faster by a third on two cores.
  const [release, debug] = await Promise.all([
    compileEntry(baseDir, entry, `${options.name}.wasm`, releaseFlags),
    compileEntry(baseDir, entry, `${options.name}.debug.wasm`, debugFlags),
  ]);
  const failed = [release, debug].find((c) => c.wasm === undefined || c.sourceMap === undefined || c.missing.length > 0);
  if (failed) throw new MeshscriptError([...failed.diagnostics, ...failed.missing.map((name) => missingExport(name))]);
  const module = {
    name: options.name,
    wasm: release.wasm ?? new Uint8Array(),
    sourceMap: release.sourceMap ?? "",
    debug: debug.wasm ?? new Uint8Array(),
    debugSourceMap: debug.sourceMap ?? "",
  };
  const overrides = [...new Set(release.overrides.map((o) => o.callback))];
  // The debug module first: nothing is inlined there, so a finding can be traced to the line that caused it.
  const findings = [
    ...verifyModule(module.debug, { overrides, file: `${options.name}.debug.wasm`, sourceMap: module.debugSourceMap }),
    ...verifyModule(module.wasm, { overrides, file: `${options.name}.wasm`, sourceMap: module.sourceMap }),
  ];
  const errors = dedupe(findings).filter((d) => d.level === "error");
  if (errors.length > 0) throw new MeshscriptError(errors);
  const report = makeReport({
    name: options.name,
    wasm: module.wasm,
    overrides: release.overrides,
    asc: release.compiler,
    sdk: sdkVersion(baseDir),
  });
  return { ...module, report, warnings: release.diagnostics };
}

/**
 * The generated entry stands beside the filter's index.ts, in memory only. Everything the SDK can export is offered; the compiler
 * thread then keeps what this filter uses.
 */
function compileEntry(baseDir: string, entry: string, outFile: string, flags: readonly string[]): Promise<Compiled> {
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
    virtualFiles: { [`${generated}.ts`]: text },
    callbacks: callbackTable(generated),
  });
}

/** Every `filters/<name>/assembly/index.ts` of a project, sorted by name. */
export async function findFilters(baseDir: string): Promise<{ name: string; entry: string }[]> {
  const folder = path.join(baseDir, "filters");
  const names = existsSync(folder) ? await readdir(folder) : [];
  return names
    .sort()
    .map((name) => ({ name, entry: `filters/${name}/assembly/index.ts` }))
    .filter(({ entry }) => existsSync(path.join(baseDir, entry)));
}

function missingExport(name: string): Diagnostic {
  return diagnostic("MS0206", `proxy-wasm-assemblyscript-sdk exports no ${name}, which this module needs`);
}

/** Release and debug mostly have the same faults; what counts is code and message. */
function dedupe(findings: readonly Diagnostic[]): Diagnostic[] {
  return findings.filter((d, i) => findings.findIndex((other) => other.code === d.code && other.message === d.message) === i);
}

function sdkVersion(baseDir: string): string {
  try {
    const file = createRequire(path.join(baseDir, "package.json")).resolve("proxy-wasm-assemblyscript-sdk/package.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { version?: string }).version ?? "";
  } catch {
    return "";
  }
}

/** Moved into place, so that a reader (Envoy, a second build) never sees half a file. */
async function write(file: string, contents: Uint8Array | string): Promise<void> {
  const mark = createHash("sha256").update(`${process.pid}${performance.now()}`).digest("hex").slice(0, 8);
  const temporary = `${file}.${mark}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, file);
}
