// The block in which a host hands over a map of headers, right and wrong, against a plain reader of the format.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { encodePairs } from "../../harness/host/vm/memory.ts";
import { type Core, loadCore } from "../../modules/index.ts";

type Pair = [name: string, value: string];

const PARSE_FAILURE = -4;
let core: Core;
let length = 0;
beforeAll(async () => {
  core = await loadCore(new URL("./header-block.as.ts", import.meta.url), {
    hostCalls: {
      proxy_get_header_map_pairs: (memory, _map, out, outLength) => {
        memory.setUint32(out as number, Number(core.call("input")), true);
        memory.setUint32(outLength as number, length, true);
        return 0;
      },
    },
  });
}, 120_000);

/** What the SDK makes of a block. */
function seen(block: Uint8Array, prepared: boolean): string | number {
  length = core.write(block);
  const written = Number(core.call("view", Number(prepared)));
  return written < 0 ? written : core.read(written).toString("latin1");
}

/** What it should make of these pairs: `\n` ends a value, `\0` stands for none. */
function expected(pairs: readonly Pair[]): string {
  const wanted = pairs.filter(([name]) => name === "x-a").map(([, value]) => value);
  const answer = (value: string | undefined) => (value === undefined ? "\0" : `${value}\n`);
  const asked = [wanted[0], ...wanted, undefined].map(answer);
  return [...asked, ...pairs.flat().map(answer)].join("");
}

/** A reader of proxy-wasm's serialized map that shares nothing with the SDK nor with who wrote the block. Undefined: no such map. */
function decode(block: Buffer): Pair[] | undefined {
  if (block.length < 4) return [];
  const count = block.readUInt32LE();
  let at = 4 + count * 8;
  if (at > block.length) return undefined;
  const pairs: Pair[] = [];
  for (let i = 0; i < count; i++) {
    const ends = [at + block.readUInt32LE(4 + i * 8), 0];
    ends[1] = (ends[0] as number) + 1 + block.readUInt32LE(8 + i * 8);
    if ((ends[1] as number) + 1 > block.length) return undefined;
    pairs.push([block.toString("latin1", at, ends[0]), block.toString("latin1", (ends[0] as number) + 1, ends[1])]);
    at = (ends[1] as number) + 1;
  }
  return pairs;
}

const text = fc.oneof(fc.constant("x-a"), fc.string({ unit: fc.constantFrom("a", "x", "-", "1"), maxLength: 12 }));
const pairs = fc.array(fc.tuple(text, text), { maxLength: 40 });

describe.each([
  ["searched as it is", false],
  ["with an index", true],
])("a block of headers, %s", (_, prepared) => {
  test("holds the pairs that the host wrote", () => {
    fc.assert(
      fc.property(pairs, (all) => {
        expect(seen(encodePairs(all), prepared)).toBe(expected(all));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each<[string, number[]]>([
    ["has more pairs than bytes", [9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x61, 0, 0x62, 0]],
    ["has 2^32 - 1 pairs", [255, 255, 255, 255, 1, 0, 0, 0, 1, 0, 0, 0]],
    ["has 2^29 pairs, whose sizes would wrap around to nothing", [0, 0, 0, 0x20, 1, 0, 0, 0, 1, 0, 0, 0]],
    ["lacks the last NUL", [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x61, 0, 0x62]],
    ["has a name longer than itself", [1, 0, 0, 0, 200, 0, 0, 0, 1, 0, 0, 0, 0x61, 0, 0x62, 0]],
    ["has a value of 2^32 - 1 bytes", [1, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 0x61, 0, 0x62, 0]],
    ["has sizes that wrap around together", [1, 0, 0, 0, 2, 0, 0, 0x80, 0, 0, 0, 0x80, 0x61, 0, 0x62, 0]],
  ])("that %s is malformed: it has no pairs, and the status says so", (_title, bytes) => {
    expect(seen(Uint8Array.from(bytes), prepared)).toBe(PARSE_FAILURE);
  });

  test("with any of its bytes changed or cut off is read as it says, or malformed", () => {
    const change = fc.record({ at: fc.nat(60), to: fc.nat(255), cut: fc.nat(8) });
    fc.assert(
      fc.property(pairs, change, (all, { at, to, cut }) => {
        const block = encodePairs(all);
        if (at < block.length) block[at] = to;
        const less = block.subarray(0, block.length - cut);
        const right = decode(less);
        expect(seen(less, prepared)).toBe(right ? expected(right) : PARSE_FAILURE);
      }),
      { numRuns: 3_000 },
    );
  });
});
