import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { abiMarker, callbackExports, otherAbiMarkers } from "./abi.ts";
import type { Override } from "./asc/protocol.ts";
import { parseModule } from "./wasm/parse.ts";

/** `build/<name>.report.json`: what the module is, without a date and without a path of this machine. */
export interface ModuleReport {
  name: string;
  abi: string;
  bytes: number;
  gzipBytes: number;
  sha256: string;
  imports: { module: string; name: string; signature: string }[];
  exports: { name: string; kind: string; signature?: string }[];
  /** Callbacks that the host finds in the module, sorted. */
  callbacks: string[];
  /** The methods behind them, by class. */
  overrides: { callback: string; method: string; class: string }[];
  /** In pages of 64 KiB. */
  memory: { initialPages: number; maximumPages?: number };
  /** Functions with code, and the largest of them. */
  functions: { count: number; codeBytes: number; largest: { name: string; bytes: number }[] };
  builtWith: { asc: string; sdk: string };
}

export interface ReportInput {
  name: string;
  wasm: Uint8Array;
  overrides: readonly Override[];
  asc: string;
  sdk: string;
}

/** Describes a module that parses. */
export function makeReport({ name, wasm, overrides, asc, sdk }: ReportInput): ModuleReport {
  const module = parseModule(wasm);
  const memory = module.memories[0];
  const bySize = [...module.functions].sort((a, b) => b.size - a.size || a.index - b.index);
  return {
    name,
    abi:
      [abiMarker, ...otherAbiMarkers]
        .find((marker) => module.exports.some((e) => e.name === marker))
        ?.replace("proxy_abi_version_", "")
        .replaceAll("_", ".") ?? "",
    bytes: wasm.length,
    gzipBytes: gzipSync(wasm, { level: 9 }).length,
    sha256: createHash("sha256").update(wasm).digest("hex"),
    imports: module.imports.map((i) => ({ module: i.module, name: i.name, signature: i.type?.text ?? i.kind })),
    exports: module.exports.map((e) => ({ name: e.name, kind: e.kind, ...(e.type ? { signature: e.type.text } : {}) })),
    callbacks: module.exports
      .map((e) => e.name)
      .filter((exported) => exported in callbackExports)
      .sort(),
    overrides: overrides.map((o) => ({ callback: o.callback, method: o.method, class: o.className })),
    memory: {
      initialPages: memory?.initial ?? 0,
      ...(memory?.maximum === undefined ? {} : { maximumPages: memory.maximum }),
    },
    functions: {
      count: module.functions.length,
      codeBytes: module.functions.reduce((sum, f) => sum + f.size, 0),
      largest: bySize.slice(0, 10).map((f) => ({ name: f.name || `function ${f.index}`, bytes: f.size })),
    },
    builtWith: { asc, sdk },
  };
}
