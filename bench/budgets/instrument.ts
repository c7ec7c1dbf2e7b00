import { instrumentation } from "../../harness/host/counts.ts";
import { instruction } from "../../modules/wasm/calls.ts";
import { signed, unsigned } from "../../modules/wasm/encode.ts";
import { parseModule } from "../../modules/wasm/parse.ts";
import { Reader } from "../../modules/wasm/reader.ts";
import type { WasmFunction, WasmModule } from "../../modules/wasm/types.ts";

/** Sections by their ids. */
const [GLOBALS, EXPORTS, CODE] = [6, 7, 10];
/** What ends a stretch that is executed as a whole: block, loop, if, else, end, br, br_if, br_table, return, unreachable. */
const ENDS = new Set([0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x00]);
/** What only shapes the code, and no machine executes: block, loop, else, end, nop. */
const SHAPES = new Set([0x02, 0x03, 0x05, 0x0b, 0x01]);
/** Where AssemblyScript's runtime takes a block from its heap. */
const HEAP = "~lib/rt/tcms/__new";

/**
 * A copy of a module that counts what it executes, in exported globals (`instrumentation`): each instruction, as often as it runs, and each
 * allocation. Nothing else changes, so the same request gives the same numbers on every machine.
 */
export function instrumented(bytes: Uint8Array): Uint8Array {
  const module = parseModule(bytes);
  const heap = module.functions.find(({ name }) => name === HEAP);
  if (!heap) throw new Error(`no function ${HEAP}: without it allocations cannot be counted`);
  const reader = new Reader(bytes, 8);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const imported = module.imports.filter(({ kind }) => kind === "global").length;
  let first = -1;
  while (!reader.done) {
    const id = reader.byte("a section's id");
    const section = reader.part(reader.u32("a section's size"), "a section");
    const own = section.bytes.subarray(section.offset, section.end);
    if (id === GLOBALS) {
      first = imported + section.count("globals");
      parts.push(...sectionOf(id, grown(own, 2, [...global(), ...global()])));
    } else if (id === EXPORTS) {
      if (first < 0) throw new Error("the module has no globals");
      parts.push(
        ...sectionOf(
          id,
          grown(
            own,
            2,
            instrumentation.flatMap((name, i) => exported(name, first + i)),
          ),
        ),
      );
    } else if (id === CODE) {
      const bodies = module.functions.map((each) => bodyOf(module, each, first, each === heap));
      parts.push(...sectionOf(id, Buffer.concat([Uint8Array.from(unsigned(bodies.length)), ...bodies])));
    } else parts.push(...sectionOf(id, own));
  }
  return Buffer.concat(parts);
}

function sectionOf(id: number, content: Uint8Array): Uint8Array[] {
  return [Uint8Array.from([id, ...unsigned(content.length)]), content];
}

/** A vector with more entries at its end. */
function grown(vector: Uint8Array, by: number, entries: readonly number[]): Uint8Array {
  const reader = new Reader(vector);
  const count = reader.u32("a count");
  return Buffer.concat([Uint8Array.from(unsigned(count + by)), vector.subarray(reader.offset), Uint8Array.from(entries)]);
}

/** A mutable i64 that begins at 0. */
const global = () => [0x7e, 1, 0x42, 0, 0x0b];
const exported = (name: string, index: number) => [...unsigned(name.length), ...Buffer.from(name), 3, ...unsigned(index)];

/** A function's body with an addition in front of each stretch, and its size before it. */
function bodyOf({ bytes }: WasmModule, { start, end }: WasmFunction, first: number, allocates: boolean): Uint8Array {
  const reader = new Reader(bytes, start, end);
  for (let n = reader.count("locals"); n > 0; n--) {
    reader.u32("a number of locals");
    reader.skipLeb("a local's type");
  }
  const parts = [bytes.subarray(start, reader.offset), ...(allocates ? [added(first + 1, 1)] : [])];
  while (!reader.done) {
    const from = reader.offset;
    let times = 0;
    for (let ends = false; !ends && !reader.done; ) {
      const opcode = bytes[reader.offset] as number;
      instruction(reader);
      if (!SHAPES.has(opcode)) times++;
      ends = ENDS.has(opcode);
    }
    if (times > 0) parts.push(added(first, times));
    parts.push(bytes.subarray(from, reader.offset));
  }
  const body = Buffer.concat(parts);
  return Buffer.concat([Uint8Array.from(unsigned(body.length)), body]);
}

/** global.get, i64.const, i64.add, global.set: leaves the stack as it was. */
function added(index: number, times: number): Uint8Array {
  return Uint8Array.from([0x23, ...unsigned(index), 0x42, ...signed(times), 0x7c, 0x24, ...unsigned(index)]);
}
