import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Reader } from "./wasm/reader.ts";
import { WasmFormatError } from "./wasm/types.ts";

const SECTION = "sourceMappingURL";
const CODE = 10;

/**
 * The same module for an engine with a debugger attached: its source map travels in the module, with sources named by the files that they
 * are. V8 calls a module `wasm://wasm/HASH`, to which asc's `./NAME.wasm.map` leads nowhere. No offset changes.
 *
 * @param file where the module was read; without a source map beside it, or when the section does not come last, the bytes stay as they are.
 */
export function debuggable(bytes: Uint8Array, file: string): Uint8Array {
  const map = absoluteMap(path.resolve(file));
  if (map === undefined) return bytes;
  try {
    return withSourceMapUrl(bytes, `data:application/json;base64,${Buffer.from(map).toString("base64")}`);
  } catch (error) {
    if (error instanceof WasmFormatError) return bytes;
    throw error;
  }
}

/** The source map with absolute sources; `~lib/` stays, its text is in the map. */
function absoluteMap(file: string): string | undefined {
  if (!existsSync(`${file}.map`)) return undefined;
  try {
    const map = JSON.parse(readFileSync(`${file}.map`, "utf8")) as { sources: string[]; sourceRoot?: string };
    const own = map.sources.filter((source) => !source.startsWith("~lib/"));
    const base = [...ancestors(path.dirname(file)), process.cwd()].find((folder) => own.some((s) => existsSync(path.join(folder, s))));
    const absolute = (source: string) =>
      base === undefined || !own.includes(source) ? source : pathToFileURL(path.join(base, source)).href;
    return JSON.stringify({ ...map, sourceRoot: "", sources: map.sources.map(absolute) });
  } catch {
    return undefined;
  }
}

/** A folder and those above it: a module lies in build/ below the folder that its sources are relative to. */
function ancestors(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** Engines take the first section of that name. One in front of the code cannot change its length: offsets count from the module's start. */
function withSourceMapUrl(bytes: Uint8Array, url: string): Uint8Array {
  const reader = new Reader(bytes, 8);
  const pieces: Uint8Array[] = [bytes.subarray(0, 8)];
  let code = false;
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.byte("a section");
    const part = reader.part(reader.u32("the size of a section"), "a section");
    const old = id === 0 && part.text("a custom section's name") === SECTION;
    if (old && !code) return bytes;
    if (!old) pieces.push(bytes.subarray(start, reader.offset));
    code ||= id === CODE;
  }
  const contents = Buffer.concat([text(SECTION), text(url)]);
  return Buffer.concat([...pieces, Buffer.from([0]), leb(contents.length), contents]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([leb(bytes.length), bytes]);
}

function leb(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}
