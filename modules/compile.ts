import path from "node:path";
import { type Diagnostic, diagnostic } from "../diagnostics/index.ts";
import { fromCompiler } from "./asc/diagnostics.ts";
import type { CallbackTable, CompileReply, CompileRequest, Override } from "./asc/protocol.ts";
import { runCompiler } from "./asc/run.ts";

export interface CompileOptions {
  /** Folder that paths in diagnostics, names and source maps are relative to, and from which packages are found. */
  baseDir: string;
  /** AssemblyScript files to compile, relative to `baseDir` or absolute. */
  entries: readonly string[];
  /** Name of the module's file, without a folder: the source map refers to it. */
  outFile: string;
  /** Arguments of `asc`; see `releaseFlags` and `debugFlags`. */
  flags?: readonly string[];
  /** Sources that exist only in memory, by path relative to `baseDir`. */
  virtualFiles?: Readonly<Record<string, string>>;
  callbacks?: CallbackTable;
  /** The compiler [a thread for this run alone]. */
  run?: (request: CompileRequest) => Promise<CompileReply>;
}

/** What one run of the compiler gave; `wasm` is absent when `diagnostics` has an error. */
export interface Compiled {
  wasm?: Uint8Array;
  sourceMap?: string;
  diagnostics: Diagnostic[];
  overrides: Override[];
  missing: string[];
  /** Source files that were read, relative to `baseDir`. */
  read: string[];
  compiler: string;
}

/**
 * Compiles AssemblyScript in memory, in a thread. The low-level half of `buildModule`, good as it is for tests that call
 * exported plain functions.
 *
 * @example
 * const { wasm } = await compile({ baseDir: ".", entries: ["filters/ratelimit/test/core.as.ts"], outFile: "core.wasm" });
 */
export async function compile(options: CompileOptions): Promise<Compiled> {
  const baseDir = path.resolve(options.baseDir);
  const reply = await (options.run ?? runCompiler)({
    baseDir,
    entries: options.entries.map((entry) => relativeTo(baseDir, entry)),
    flags: [...(options.flags ?? []), "--outFile", options.outFile],
    virtualFiles: { ...options.virtualFiles },
    ...(options.callbacks ? { callbacks: options.callbacks } : {}),
  });
  const diagnostics = fromCompiler(reply);
  const wasm = reply.files[options.outFile];
  const map = reply.files[`${options.outFile}.map`];
  const failed = diagnostics.some((d) => d.level === "error");
  if (!failed && wasm === undefined) diagnostics.push(diagnostic("MS0203", "asc ended without an error and without a module"));
  return {
    ...(wasm instanceof Uint8Array && !failed ? { wasm } : {}),
    ...(typeof map === "string" ? { sourceMap: map } : {}),
    diagnostics,
    overrides: reply.overrides,
    missing: reply.missing,
    read: reply.read,
    compiler: reply.version,
  };
}

/** A path as asc and its output want it: relative, with forward slashes. */
export function relativeTo(baseDir: string, file: string): string {
  return path.relative(baseDir, path.resolve(baseDir, file)).replaceAll("\\", "/");
}
