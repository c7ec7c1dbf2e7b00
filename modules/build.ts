import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { type Diagnostic, MeshscriptError, makeFolder } from "../diagnostics/index.ts";
import { debugFlags, releaseFlags } from "./asc/flags.ts";
import { compileEntry, existingEntry, failuresOf } from "./entry.ts";
import { type ModuleReport, makeReport } from "./report.ts";
import { verifyModule } from "./verify.ts";
import { withShortNames } from "./wasm/shorten-names.ts";
import { refuseTaken, writeOutput } from "./write-output.ts";

export interface BuildOptions {
  /** Name of the output files: `<name>.wasm` and its companions. */
  name: string;
  /** The filter's index.ts, which only calls `register(...)`; relative to `baseDir` or absolute. */
  entry: string;
  /** Where the outputs go, relative to `baseDir`. Default `build`. */
  outDir?: string;
  /** The project's folder. Default: the current one. */
  baseDir?: string;
  /** Sources that exist only in memory, by path relative to `baseDir`; the entry may be one. */
  virtualFiles?: Readonly<Record<string, string>>;
  /** Ends of names of files that the caller is going to write beside the module: `.config.schema.json`. Where one cannot be, nothing is compiled. */
  companions?: readonly string[];
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
 * @throws MeshscriptError with one diagnostic per finding of the compiler or the verifier; MS0208 when the folder cannot be written.
 * @example
 * const { report } = await buildModule({ name: "hello", entry: "filters/hello/assembly/index.ts" });
 */
export async function buildModule(options: BuildOptions): Promise<BuiltModule> {
  const baseDir = path.resolve(options.baseDir ?? ".");
  const outDir = path.resolve(baseDir, options.outDir ?? "build");
  const at = (suffix: string) => path.join(outDir, `${options.name}${suffix}`);
  const files = {
    wasm: at(".wasm"),
    sourceMap: at(".wasm.map"),
    debug: at(".debug.wasm"),
    debugSourceMap: at(".debug.wasm.map"),
    report: at(".report.json"),
  };
  await refuseTaken([...Object.values(files), ...(options.companions ?? []).map(at)]);
  const module = await compileModule(options);
  const report = `${JSON.stringify(module.report, null, 2)}\n`;
  await makeFolder(outDir, "output folder");
  await writeOutput(files.sourceMap, module.sourceMap);
  await writeOutput(files.debugSourceMap, module.debugSourceMap);
  await writeOutput(files.debug, module.debug);
  await writeOutput(files.report, report);
  // Last: who watches build/ for the module finds its companions there.
  await writeOutput(files.wasm, module.wasm);
  return { name: options.name, files, report: module.report, warnings: module.warnings };
}

/** The same as {@link buildModule} without touching the disk. */
export async function compileModule(options: BuildOptions): Promise<CompiledModule> {
  const baseDir = path.resolve(options.baseDir ?? ".");
  const entry = existingEntry(baseDir, options.entry, options.virtualFiles);
  // One after the other names the findings once; both at the same time is faster by a third on two cores.
  const [release, debug] = await Promise.all([
    compileEntry(baseDir, entry, `${options.name}.wasm`, releaseFlags, options),
    compileEntry(baseDir, entry, `${options.name}.debug.wasm`, debugFlags, options),
  ]);
  const failures = [release, debug].map(failuresOf).find((found) => found.length > 0);
  if (failures) throw new MeshscriptError(failures);
  const module = {
    name: options.name,
    wasm: withShortNames(release.wasm ?? new Uint8Array()),
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
