import { SourceMap } from "node:module";
import type { WasmModule } from "./wasm/types.ts";

/** One frame of a guest's stack. */
export interface Frame {
  /** Where in the module, in bytes from its start: what Envoy's backtrace prints. */
  offset: number;
  /** From the name section, else `wasm-function[N]`. */
  name: string;
  /** In the source, counted from 1. Undefined without a source map, or in code that no source stands for. */
  source: { file: string; line: number; column: number } | undefined;
}

/** Finds the place in the source for an offset in a module. */
export class Symbolizer {
  private readonly map: SourceMap | undefined;

  /** @param sourceMap text of `<name>.wasm.map` */
  constructor(
    private readonly module: WasmModule,
    sourceMap?: string,
  ) {
    this.map = sourceMap === undefined ? undefined : new SourceMap(JSON.parse(sourceMap));
  }

  /** @param index of the function, where the engine tells it */
  frame(offset: number, index?: number): Frame {
    const inside = this.module.functions.find((f) => (index === undefined ? f.start <= offset && offset < f.end : f.index === index));
    const name = inside?.name || `wasm-function[${inside?.index ?? index ?? "?"}]`;
    return { offset, name, source: this.source(offset) };
  }

  private source(offset: number): Frame["source"] {
    const entry = this.map?.findEntry(0, offset);
    if (!entry || !("originalSource" in entry) || entry.originalSource === undefined) return undefined;
    return { file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }
}
