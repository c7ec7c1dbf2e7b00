import { unsigned } from "./encode.ts";
import { Reader } from "./reader.ts";

const CUSTOM = 0;
/** Subsection of the name section, of which Envoy's backtraces are made. */
const FUNCTIONS = 1;

/**
 * A copy of a module in which the name section has functions alone, and they are called by shorter names: `sdk/` for the SDK's folder, and without
 * `assembly/`. The section was a fifth of a module. Code stays where it is, so the source map still holds.
 */
export function withShortNames(wasm: Uint8Array): Uint8Array {
  const reader = new Reader(wasm, 8);
  const parts = [wasm.subarray(0, 8)];
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.byte("a section's id");
    const section = reader.part(reader.u32("a section's size"), "a section");
    if (id === CUSTOM && section.text("a custom section's name") === "name") {
      const content = [...text("name"), ...functionNames(section)];
      parts.push(Uint8Array.from([CUSTOM, ...unsigned(content.length), ...content]));
    } else parts.push(wasm.subarray(start, reader.offset));
  }
  return Buffer.concat(parts);
}

function functionNames(names: Reader): number[] {
  const bytes: number[] = [];
  while (!names.done) {
    const id = names.byte("a name subsection");
    const part = names.part(names.u32("the size of a name subsection"), "a name subsection");
    if (id !== FUNCTIONS) continue;
    const count = part.count("names");
    bytes.push(...unsigned(count));
    for (let n = 0; n < count; n++)
      bytes.push(...unsigned(part.u32("a function index")), ...text(shortName(part.text("a function's name"))));
  }
  return [FUNCTIONS, ...unsigned(bytes.length), ...bytes];
}

function shortName(name: string): string {
  return name.replaceAll("~lib/proxy-wasm-assemblyscript-sdk/assembly/", "sdk/").replaceAll(/(^|[/<,:])assembly\//g, "$1");
}

function text(value: string): number[] {
  const utf8 = Buffer.from(value);
  return [...unsigned(utf8.length), ...utf8];
}
