import binaryen from "assemblyscript/binaryen";
import { describe, expect, test } from "vitest";
import { signed, unsigned } from "../../modules/wasm/encode.ts";
import { instrumented } from "../budgets/instrument.ts";

/** A function that adds up 1 to n in a loop, and takes a block for odd sums: built by hand, so that its instructions are known. */
const SOURCE = `(module
  (global $unused (mut i32) (i32.const 7))
  (func $allocate)
  (func (export "sum") (param $n i32) (result i32) (local $sum i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next)))
    (if (i32.and (local.get $sum) (i32.const 1)) (then (call $allocate)))
    (local.get $sum)))`;

interface Exports {
  sum(n: number): number;
  executed_instructions: { value: bigint };
  heap_allocations: { value: bigint };
}

function loaded(): Exports {
  const parsed = binaryen.parseText(SOURCE);
  const named = withName(parsed.emitBinary());
  parsed.dispose();
  return new WebAssembly.Instance(new WebAssembly.Module(instrumented(named) as Uint8Array<ArrayBuffer>)).exports as unknown as Exports;
}

/** With a name section that calls the first function what the runtime's is called. */
function withName(bytes: Uint8Array): Uint8Array {
  const text = (value: string) => [...unsigned(value.length), ...Buffer.from(value)];
  const names = [...unsigned(1), ...unsigned(0), ...text("~lib/rt/tcms/__new")];
  const content = [...text("name"), 1, ...unsigned(names.length), ...names];
  return Buffer.concat([bytes, Uint8Array.from([0, ...unsigned(content.length), ...content])]);
}

describe("an instrumented module", () => {
  test("counts each instruction as often as it is executed, branches taken and not", () => {
    const module = loaded();
    const executed = (n: number) => {
      const before = module.executed_instructions.value;
      module.sum(n);
      return Number(module.executed_instructions.value - before);
    };
    // Each turn: 3 of the condition, 4 and 4 of the two sums, the branch back. At the end: the condition, 4 up to the if, the result.
    const end = 3 + 4 + 1;
    expect([executed(0), executed(3), executed(4)]).toEqual([end, end + 3 * 12, end + 4 * 12]);
    // An odd sum calls once more.
    expect(executed(1)).toBe(end + 12 + 1);
  });

  test("counts what is taken from the heap, and answers as before", () => {
    const module = loaded();
    expect([0, 1, 2, 3].map((n) => module.sum(n))).toEqual([0, 1, 3, 6]);
    expect(module.heap_allocations.value).toBe(2n);
  });

  test("is refused when nobody could count its allocations", () => {
    const parsed = binaryen.parseText("(module)");
    expect(() => instrumented(parsed.emitBinary())).toThrow("no function ~lib/rt/tcms/__new");
    parsed.dispose();
  });
});

test("numbers are written as LEB128, the signed ones with room for their sign", () => {
  expect([0, 127, 128, 300].map(unsigned)).toEqual([[0], [127], [0x80, 1], [0xac, 2]]);
  expect([0, 63, 64, 127, 128].map(signed)).toEqual([[0], [63], [0xc0, 0], [0xff, 0], [0x80, 1]]);
});
