import { SourceMap, type SourceMapPayload } from "node:module";
import type { WasmFunction, WasmModule } from "./wasm/types.ts";

/** A place in a source, counted from 1. */
export interface SourcePlace {
  file: string;
  line: number;
  column: number;
}

/** One frame of a guest's stack. */
export interface Frame {
  /** Where in the module, in bytes from its start: what Envoy's backtrace prints. */
  offset: number;
  /** From the name section, else `wasm-function[N]`. */
  name: string;
  /** Where in the source. Undefined without a source map, or in code that no source stands for. */
  source: SourcePlace | undefined;
  /**
   * For a source in `~lib/`: the last place before it, in the same function, that is in a source of the project. The optimizer merges
   * `list[i]` into its caller, and the map then says only which line of `~lib/array.ts` it was; this one is most often the line with `list[i]`.
   */
  near?: SourcePlace;
}

/** How Envoy's backtrace names a function that the name section does not. */
const UNNAMED = /^unknown\(function index:(\d+)\)$/;

/** Finds the place in the source for an offset in a module. */
export class Symbolizer {
  private readonly map: SourceMap | undefined;
  private readonly byIndex: ReadonlyMap<number, WasmFunction>;

  /** @param sourceMap text of `<name>.wasm.map`; one that cannot be read counts as none */
  constructor(
    private readonly module: WasmModule,
    sourceMap?: string,
  ) {
    const payload = sourceMap === undefined ? undefined : readSourceMap(sourceMap);
    this.map = payload && new SourceMap(payload);
    this.byIndex = new Map(module.functions.map((f) => [f.index, f]));
  }

  /** Whether there is a source map that can be read. */
  get mapped(): boolean {
    return this.map !== undefined;
  }

  /**
   * @param index of the function, where the engine tells it
   * @example
   * new Symbolizer(parseModule(wasm), map).frame(0x4785).source; // { file: "filters/tracing/assembly/filter.ts", line: 42, column: 7 }
   */
  frame(offset: number, index?: number): Frame {
    const inside = index === undefined ? this.functionAt(offset) : this.byIndex.get(index);
    const name = inside?.name || `wasm-function[${inside?.index ?? index ?? "?"}]`;
    return { offset, name, source: undefined, ...(inside && this.places(offset, inside)) };
  }

  /** Whether a line of Envoy's backtrace can come from this module: the function around the offset has that name. */
  fits(offset: number, name: string): boolean {
    const inside = this.functionAt(offset);
    if (inside === undefined) return false;
    const index = UNNAMED.exec(name)?.[1];
    return index === undefined ? inside.name === name : inside.index === Number(index);
  }

  /** Bodies stand in the order of their indices, so their places ascend. */
  private functionAt(offset: number): WasmFunction | undefined {
    const { functions } = this.module;
    let low = 0;
    let high = functions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const f = functions[middle];
      if (f === undefined) return undefined;
      if (offset < f.start) high = middle - 1;
      else if (offset >= f.end) low = middle + 1;
      else return f;
    }
    return undefined;
  }

  /** The mapping at the offset, or the last one before it in the same function: asc gives none to the checks that it adds itself. */
  private places(offset: number, inside: WasmFunction): Pick<Frame, "source" | "near"> {
    let source: SourcePlace | undefined;
    for (let at = Math.min(offset, inside.end - 1); at >= inside.start; ) {
      const entry = this.map?.findEntry(0, at);
      if (!entry || !("generatedColumn" in entry) || entry.generatedColumn < inside.start) break;
      if (typeof entry.originalSource === "string") {
        const place = { file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
        source ??= place;
        if (!place.file.startsWith("~lib/")) return source === place ? { source } : { source, near: place };
      }
      at = entry.generatedColumn - 1;
    }
    return { source };
  }
}

/** `file:line:column`, with `near file:line:column` where the optimizer merged a library's code; undefined for code that no source stands for. */
export function placeOf({ source, near }: Frame): string | undefined {
  if (source === undefined) return undefined;
  const text = ({ file, line, column }: SourcePlace) => `${file}:${line}:${column}`;
  return near ? `${text(source)} near ${text(near)}` : text(source);
}

/** undefined for a text that is no source map: it says nothing, and must not hide the trap that it was to explain. */
function readSourceMap(text: string): SourceMapPayload | undefined {
  try {
    const payload = JSON.parse(text) as SourceMapPayload;
    return Array.isArray(payload.sources) && typeof payload.mappings === "string" ? payload : undefined;
  } catch {
    return undefined;
  }
}
