import { Reader } from "./reader.ts";
import { WasmFormatError, type WasmFunction, type WasmModule } from "./types.ts";

/** A direct call: `offset` is where in the file the call instruction stands. */
export interface Call {
  from: WasmFunction;
  to: number;
  offset: number;
}

/**
 * All direct calls of a module. A function with an instruction unknown here contributes the calls before it: this serves to
 * explain findings, not to make them.
 */
export function directCalls(module: WasmModule): Call[] {
  const calls: Call[] = [];
  for (const from of module.functions) {
    const reader = new Reader(module.bytes, from.start, from.end);
    try {
      for (let n = reader.count("locals"); n > 0; n--) {
        reader.u32("a number of locals");
        reader.skipLeb("a local's type");
      }
      while (!reader.done) {
        const offset = reader.offset;
        const callee = instruction(reader);
        if (callee !== undefined) calls.push({ from, to: callee, offset });
      }
    } catch (error) {
      if (!(error instanceof WasmFormatError)) throw error;
    }
  }
  return calls;
}

/** Passes over one instruction; the answer is the callee of a direct call. */
export function instruction(reader: Reader): number | undefined {
  const opcode = reader.byte("an instruction");
  if (opcode === 0x10 || opcode === 0x12) return reader.u32("a callee");
  if (opcode === 0xfc) return numbers(reader, bulkOperands(reader.u32("an opcode")));
  if (opcode === 0xfd) return vector(reader);
  if (opcode === 0x0e) return numbers(reader, reader.count("branch targets") + 1);
  if (opcode === 0x1c) return numbers(reader, reader.count("types"));
  if (opcode === 0x43) reader.skip(4, "an f32 constant");
  else if (opcode === 0x44) reader.skip(8, "an f64 constant");
  else return numbers(reader, operands(reader, opcode));
  return undefined;
}

/** LEB128 operands of the one-byte opcodes. */
function operands(reader: Reader, opcode: number): number {
  if (opcode === 0x11 || opcode === 0x13 || (opcode >= 0x28 && opcode <= 0x3e)) return 2;
  if (opcode >= 0x02 && opcode <= 0x04) return 1; // block, loop, if: a block type
  if (opcode === 0x0c || opcode === 0x0d) return 1; // br, br_if
  if (opcode >= 0x20 && opcode <= 0x26) return 1; // locals, globals, tables
  if (opcode >= 0x3f && opcode <= 0x42) return 1; // memory.size, memory.grow, i32.const, i64.const
  if (opcode === 0xd0 || opcode === 0xd2) return 1; // ref.null, ref.func
  if (opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f || opcode === 0x1a || opcode === 0x1b) return 0;
  if ((opcode >= 0x45 && opcode <= 0xc4) || opcode === 0xd1) return 0;
  return reader.fail(`unknown opcode 0x${opcode.toString(16)}`);
}

/** Saturating conversions, bulk memory, tables. */
function bulkOperands(opcode: number): number {
  if (opcode <= 7) return 0;
  return opcode === 8 || opcode === 10 || opcode === 12 || opcode === 14 ? 2 : 1;
}

function vector(reader: Reader): undefined {
  const opcode = reader.u32("a vector opcode");
  if (opcode <= 11 || opcode === 92 || opcode === 93) return numbers(reader, 2);
  if (opcode === 12 || opcode === 13) reader.skip(16, "a vector constant");
  else if (opcode >= 21 && opcode <= 34) reader.skip(1, "a lane");
  else if (opcode >= 84 && opcode <= 91) {
    numbers(reader, 2);
    reader.skip(1, "a lane");
  }
  return undefined;
}

function numbers(reader: Reader, count: number): undefined {
  for (let i = 0; i < count; i++) reader.skipLeb("an operand");
  return undefined;
}
