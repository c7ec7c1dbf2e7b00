import { readFileSync } from "node:fs";
import { MeshscriptError, diagnostic, reasonOfErrno } from "../diagnostics/index.ts";
import { type Frame, Symbolizer, placeOf } from "./symbolize.ts";
import { parseModule } from "./wasm/parse.ts";
import { WasmFormatError, type WasmModule } from "./wasm/types.ts";

/** A module whose backtraces can be read. */
export interface TracedModule {
  /** As it was given. */
  file: string;
  symbolizer: Symbolizer;
}

/** A line of a backtrace, and where it comes from. */
export interface TracedFrame extends Frame {
  /** Its number in the backtrace, 0 is where it trapped. */
  depth: number;
  /** Which module; undefined when none has that function at that offset. */
  module: string | undefined;
}

/**
 * proxy-wasm-cpp-host, V8::getFailMessage: `  0:  0x4785 - name`, each on a line of its own, or after `\n` where the message is escaped as
 * JSON. Whatever a container runtime puts in front of a line does not matter.
 */
const FRAME = /(\d+): {2}0x([0-9a-f]{1,8}) - ((?:(?!\\n|["\r\n]).)+)/g;
/** A place that is there already, behind the name. */
const PLACED = / ?\(\S.*:\d+:\d+\)$/;

/**
 * Puts ` (file:line:column)` behind each line of Envoy's in-VM backtraces, and leaves every other byte of the text alone.
 *
 * @param modules those that Envoy runs; each backtrace finds its own by the names of its functions and their offsets.
 * @example
 * symbolize(log, [openTraced("build/tracing.wasm")]); // "  0:  0x4785 - filters/tracing/... (filters/tracing/assembly/filter.ts:42:7)"
 */
export function symbolize(text: string, modules: readonly TracedModule[]): string {
  const traces = new Backtraces(modules);
  return text
    .split("\n")
    .map((line) => traces.line(line))
    .join("\n");
}

/** A log that comes line by line. What one line says about the module of a backtrace counts for the lines that follow. */
export class Backtraces {
  private candidates: readonly TracedModule[] = [];
  /** The depth that continues the backtrace; another one begins the next. */
  private next = 0;

  /** @param onFrame is told of each frame, in order */
  constructor(
    private readonly modules: readonly TracedModule[],
    private readonly onFrame: (frame: TracedFrame) => void = () => undefined,
  ) {}

  /** @param text one line without its end */
  line(text: string): string {
    const found = [...text.matchAll(FRAME)];
    if (found.length === 0) return text;
    const frames = found.map(([all, depth = "", offset = "", rest = ""], i) => {
      const shown = rest.trimEnd();
      const end = (found[i]?.index ?? 0) + all.length - (rest.length - shown.length);
      // One that has its place still tells which module the others are of.
      const name = shown.replace(PLACED, "");
      return { depth: Number(depth), offset: Number.parseInt(offset, 16), name: unescaped(name), end, placed: name !== shown };
    });
    let out = "";
    let from = 0;
    frames.forEach((frame, i) => {
      const { place, ...traced } = this.trace(frame, frames.slice(i + 1));
      if (frame.placed) return;
      this.onFrame(traced);
      if (place === undefined) return;
      out += `${text.slice(from, frame.end)} (${place})`;
      from = frame.end;
    });
    return out + text.slice(from);
  }

  /** @param later frames of the same line: they help to choose among modules that have the same function at the same place. */
  private trace({ depth, offset, name }: Named, later: readonly Named[]): TracedFrame & { place: string | undefined } {
    if (depth === 0 || depth !== this.next) this.candidates = this.modules;
    this.next = depth + 1;
    const fits = ({ symbolizer }: TracedModule) => symbolizer.fits(offset, name);
    const known = this.candidates.filter(fits);
    const fitting = known.length > 0 ? known : this.modules.filter(fits);
    if (fitting.length > 0) this.candidates = fitting;
    const end = later.findIndex((frame) => frame.depth === 0);
    const rest = end < 0 ? later : later.slice(0, end);
    const chosen = fitting.find(({ symbolizer }) => rest.every((frame) => symbolizer.fits(frame.offset, frame.name))) ?? fitting[0];
    if (chosen === undefined) return { depth, offset, name, source: undefined, module: undefined, place: undefined };
    const frame = chosen.symbolizer.frame(offset);
    return { ...frame, name, depth, module: chosen.file, place: placeOf(frame) };
  }
}

interface Named {
  depth: number;
  offset: number;
  name: string;
}

/**
 * Opens a module and the source map beside it.
 *
 * @param path of the module; the map is `<path>.map`
 * @param file the name in diagnostics [path]
 * @throws MeshscriptError MS0205 or MS0210 for a module, MS0228 for a source map that cannot be read.
 */
export function openTraced(path: string, file = path): TracedModule {
  const module = outline(read(path, file, "MS0205"), file);
  const symbolizer = new Symbolizer(module, read(`${path}.map`, `${file}.map`, "MS0228").toString());
  if (!symbolizer.mapped) throw new MeshscriptError(diagnostic("MS0228", `${file}.map is no source map`, { location: { file } }));
  return { file, symbolizer };
}

function outline(bytes: Uint8Array, file: string): WasmModule {
  try {
    return parseModule(bytes);
  } catch (error) {
    if (!(error instanceof WasmFormatError)) throw error;
    const message = `${file} is no wasm module: ${error.message} (at byte ${error.offset})`;
    throw new MeshscriptError(diagnostic("MS0210", message, { location: { file } }));
  }
}

function read(path: string, file: string, code: "MS0205" | "MS0228"): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const reason = reasonOfErrno(error) ?? String(error);
    throw new MeshscriptError(diagnostic(code, `${file} cannot be read: ${reason}`, { location: { file } }));
  }
}

/** A function's name as it stands in the module: the log's format may have escaped it. */
function unescaped(name: string): string {
  if (!name.includes("\\")) return name;
  try {
    return JSON.parse(`"${name}"`) as string;
  } catch {
    return name;
  }
}
