import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Diagnostic, diagnostic, reasonOfErrno } from "../diagnostics/index.ts";
import { verifyExports, verifyOverrides } from "./verify/exports.ts";
import { verifyAnswers, verifyImports } from "./verify/imports.ts";
import { CallSites } from "./verify/sites.ts";
import { parseModule } from "./wasm/parse.ts";
import { WasmFormatError, type WasmModule } from "./wasm/types.ts";

export interface VerifyOptions {
  /** Callbacks that the module's classes override; when given, exactly these must be exported besides the lifecycle. */
  overrides?: readonly string[];
  /** Name of the module in diagnostics. Default: the path, or `module.wasm` for bytes. */
  file?: string;
  /** Text of the source map: findings then point at the source. Default for a path: `<path>.map`, if it exists. */
  sourceMap?: string;
}

/**
 * What Envoy would refuse in a module, and what breaks this project's design. An empty list means that Envoy loads it. Never throws: bytes
 * that are no module give one diagnostic.
 *
 * @example
 * const findings = verifyModule("build/hello.wasm");
 */
export function verifyModule(module: Uint8Array | string, options: VerifyOptions = {}): Diagnostic[] {
  const file = options.file ?? (typeof module === "string" ? module : "module.wasm");
  const bytes = typeof module === "string" ? read(module, file) : module;
  if (!(bytes instanceof Uint8Array)) return [bytes];
  const parsed = parse(bytes, file);
  if ("code" in parsed) return [parsed];
  const sites = new CallSites(parsed, options.sourceMap ?? (typeof module === "string" ? mapBeside(module) : undefined));
  return [
    ...verifyImports(parsed, file, sites),
    ...verifyExports(parsed, file),
    ...verifyAnswers(parsed, file),
    ...(options.overrides ? verifyOverrides(parsed, options.overrides, file) : []),
  ];
}

function parse(bytes: Uint8Array, file: string): WasmModule | Diagnostic {
  try {
    const module = parseModule(bytes);
    // The outline is ours; the bodies are judged by the same engine that Envoy uses.
    new WebAssembly.Module(new Uint8Array(bytes));
    return module;
  } catch (error) {
    if (error instanceof WasmFormatError) {
      return diagnostic("MS0210", `${path.basename(file)} is no wasm module: ${error.message} (at byte ${error.offset})`, {
        location: { file },
      });
    }
    const reason = error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, "") : String(error);
    return diagnostic("MS0210", `${path.basename(file)} is no valid wasm module: ${reason}`, { location: { file } });
  }
}

function read(module: string, file: string): Uint8Array | Diagnostic {
  try {
    return readFileSync(module);
  } catch (error) {
    return diagnostic("MS0205", `${file} cannot be read: ${reasonOfErrno(error) ?? String(error)}`, { location: { file } });
  }
}

function mapBeside(module: string): string | undefined {
  const file = `${module}.map`;
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
