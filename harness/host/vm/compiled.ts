import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { url as inspectorUrl } from "node:inspector";
import { resolve } from "node:path";
import { abiMarker, callbackExports, hostFunctions, supportExports } from "../../../modules/abi.ts";
import { debuggable } from "../../../modules/debuggable.ts";
import { parseModule } from "../../../modules/wasm/parse.ts";
import { WasmFormatError, type WasmModule } from "../../../modules/wasm/types.ts";
import { wasiParams } from "../abi/names.ts";

export type AbiVersion = "0.2.0" | "0.2.1";

/** A module that Envoy would load. */
export interface Compiled {
  /** Path, or `module.wasm` for bytes. */
  file: string;
  /** SHA-256 of the bytes. */
  hash: string;
  /** A `WebAssembly.Module`; not by that name, because it stands in our declarations, and who uses them may be without lib.dom. */
  module: object;
  outline: WasmModule;
  abi: AbiVersion;
}

/** Envoy's reason for not loading a module, in Envoy's words where it says more than that it failed. */
export class LoadError extends Error {}

const cache = new Map<string, Compiled>();
/** More than any chain has; a process that sees one module after the other, as `meshscript dev` does, keeps no more of them. */
const KEPT = 64;

/** Reads, checks and compiles a module, once per process for the same bytes as long as it is among the last used. @throws LoadError */
export function compileModule(wasm: string | Uint8Array): Compiled {
  const file = typeof wasm === "string" ? wasm : "module.wasm";
  const bytes = typeof wasm === "string" ? read(wasm) : wasm;
  const hash = createHash("sha256").update(bytes).digest("hex");
  const key = `${file}:${hash}`;
  const compiled = cache.get(key) ?? check(file, hash, bytes);
  // A map keeps the order of insertion: what was used last is last.
  cache.delete(key);
  cache.set(key, compiled);
  for (const oldest of cache.keys()) {
    if (cache.size <= KEPT) break;
    cache.delete(oldest);
  }
  return compiled;
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(resolve(file));
  } catch {
    throw new LoadError(`Invalid path: ${resolve(file)}`);
  }
}

function check(file: string, hash: string, bytes: Uint8Array): Compiled {
  let outline: WasmModule;
  let module: WebAssembly.Module;
  try {
    outline = parseModule(bytes);
    // Under --inspect the debugger needs a source map that it can open; see docs/debugging.md.
    module = new WebAssembly.Module((inspectorUrl() === undefined ? bytes : debuggable(bytes, file)) as BufferSource);
  } catch (error) {
    if (error instanceof WasmFormatError || error instanceof WebAssembly.CompileError) {
      throw new LoadError(`Failed to load Wasm bytecode (${error.message})`);
    }
    throw error;
  }
  const exported = (name: string) => outline.exports.some((e) => e.name === name && e.kind === "function");
  if (exported("proxy_abi_version_0_1_0"))
    throw new LoadError("ABI 0.1.0 is not emulated: Envoy would run this module, this host does not");
  const abi: AbiVersion | undefined = exported(abiMarker) ? "0.2.1" : exported("proxy_abi_version_0_2_0") ? "0.2.0" : undefined;
  if (abi === undefined) throw new LoadError("Missing or unknown Proxy-Wasm ABI version");
  checkImports(outline, abi);
  checkExports(outline);
  return { file, hash, module, outline, abi };
}

/** Envoy looks every import up by module and name and compares the types. */
function checkImports(outline: WasmModule, abi: AbiVersion): void {
  for (const imported of outline.imports) {
    const place = `${imported.module}.${imported.name}`;
    const expected = imported.kind === "function" ? signatureOf(imported.module, imported.name, abi) : undefined;
    if (imported.kind === "memory" || imported.kind === "table") continue;
    if (expected === undefined) throw new LoadError(`Failed to load Wasm module due to a missing import: ${place}`);
    if (imported.type?.text !== expected) {
      throw new LoadError(
        `Failed to load Wasm module due to an import type mismatch: ${place}, want: ${imported.type?.text}, but host exports: ${expected}`,
      );
    }
  }
}

function signatureOf(module: string, name: string, abi: AbiVersion): string | undefined {
  if (module === "env") {
    if (name === "proxy_get_log_level" && abi === "0.2.0") return undefined;
    if (name === "pthread_equal") return "(i32, i32) -> i32";
    if (name === "emscripten_notify_memory_growth") return "(i32) -> ()";
    return hostFunctions[name];
  }
  if (module !== "wasi_snapshot_preview1" && module !== "wasi_unstable") return undefined;
  const params = wasiParams[name];
  if (params === undefined) return undefined;
  const types = [...params].map((letter) => (letter === "I" ? "i64" : "i32")).join(", ");
  return `(${types}) -> ${name === "proc_exit" ? "()" : "i32"}`;
}

/** A callback of another type is refused; one that is missing is not called. */
function checkExports(outline: WasmModule): void {
  const wanted: Record<string, string> = { ...callbackExports, ...supportExports, main: "(i32, i32) -> i32" };
  let allocator = false;
  for (const { name, kind, type } of outline.exports) {
    const want = wanted[name];
    if (kind !== "function" || want === undefined) continue;
    if (type?.text !== want) {
      throw new LoadError(`Bad function signature for: ${name}, want: ${want}, but the module exports: ${type?.text ?? "nothing"}`);
    }
    allocator ||= name === "malloc" || name === "proxy_on_memory_allocate";
  }
  if (!allocator) throw new LoadError("Wasm module is missing malloc function.");
}
