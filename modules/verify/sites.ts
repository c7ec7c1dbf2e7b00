import { SourceMap, type SourceMapPayload, type SourceMapping } from "node:module";
import type { SourceLocation } from "../../diagnostics/index.ts";
import { type Call, directCalls } from "../wasm/calls.ts";
import type { WasmModule } from "../wasm/types.ts";

/** Where a function of the module, or an imported one, is used. */
export interface Site {
  /** The calling function's name, "" without a name section. */
  caller: string;
  location?: SourceLocation;
}

/** Finds the places in the user's own source that lead to a function, through libraries in between. */
export class CallSites {
  readonly #module: WasmModule;
  readonly #map: SourceMap | undefined;
  readonly #sources = new Map<string, string>();
  #callers: Map<number, Call[]> | undefined;

  constructor(module: WasmModule, sourceMap: string | undefined) {
    this.#module = module;
    const payload = sourceMap === undefined ? undefined : readMap(sourceMap);
    this.#map = payload ? new SourceMap(payload) : undefined;
    payload?.sources.forEach((source, i) => {
      this.#sources.set(source, payload.sourcesContent[i] ?? "");
    });
  }

  /** The nearest callers outside `~lib/`, or the outermost ones inside when there is no other. */
  of(functionIndex: number): Site[] {
    const callers = this.#allCallers();
    const seen = new Set<number>([functionIndex]);
    let wave = [functionIndex];
    let last: Call[] = [];
    while (wave.length > 0) {
      const calls = wave.flatMap((index) => callers.get(index) ?? []).filter((call) => !seen.has(call.from.index));
      const own = calls.filter((call) => !call.from.name.startsWith("~"));
      if (own.length > 0) return own.map((call) => this.#site(call));
      if (calls.length > 0) last = calls;
      wave = [...new Set(calls.map((call) => call.from.index))];
      for (const index of wave) seen.add(index);
    }
    return last.map((call) => this.#site(call));
  }

  #allCallers(): Map<number, Call[]> {
    if (this.#callers) return this.#callers;
    const callers = new Map<number, Call[]>();
    for (const call of directCalls(this.#module)) callers.set(call.to, [...(callers.get(call.to) ?? []), call]);
    this.#callers = callers;
    return callers;
  }

  #site(call: Call): Site {
    const entry = this.#entryOf(call);
    const file = entry && [...this.#sources.keys()].find((source) => entry.originalSource.endsWith(source));
    if (!entry || file === undefined) return { caller: call.from.name };
    const text = this.#sources.get(file)?.split("\n")[entry.originalLine] ?? "";
    return {
      caller: call.from.name,
      location: { file, line: entry.originalLine + 1, column: entry.originalColumn + 1, text: text.replaceAll("\t", " "), length: 1 },
    };
  }

  /** The mapping of a call, or the nearest one before it in the same function: asc maps statements and expressions, not every instruction. */
  #entryOf(call: Call): SourceMapping | undefined {
    let offset = call.offset;
    while (offset >= call.from.start) {
      const entry = this.#map?.findEntry(0, offset);
      if (!entry || !("generatedColumn" in entry)) return undefined;
      if (typeof entry.originalSource === "string" && entry.generatedColumn >= call.from.start) return entry;
      offset = entry.generatedColumn - 1;
    }
    return undefined;
  }
}

function readMap(text: string): SourceMapPayload | undefined {
  try {
    return JSON.parse(text) as SourceMapPayload;
  } catch {
    return undefined;
  }
}
