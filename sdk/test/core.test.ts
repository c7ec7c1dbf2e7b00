// The SDK's pure parts, against independent models: JSON.parse, BigInt, Map, TextDecoder.
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Core, loadCore } from "../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./core.as.ts", import.meta.url));
}, 120_000);

const json = (text: string | Uint8Array, depth = 64) => {
  const length = Number(core.call("json", core.write(text), depth));
  return length < 0 ? { error: core.readText() } : { value: core.read(length).toString("utf8") };
};

describe("the protobuf reader", () => {
  const fields = (bytes: Uint8Array) => Number(core.call("protoFields", core.write(bytes)));

  test.each<[string, number[], number]>([
    ["nothing", [], 0],
    ["a number", [0x08, 0x96, 0x01], 1],
    ["an empty text and a number", [0x12, 0x00, 0x08, 0x00], 2],
    ["eight bytes, four bytes", [0x09, 1, 2, 3, 4, 5, 6, 7, 8, 0x0d, 1, 2, 3, 4], 2],
    ["the largest field", [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01], 1],
  ])("reads %s to the end", (_, bytes, count) => {
    expect(fields(Uint8Array.from(bytes))).toBe(count);
  });

  test.each<[string, number[]]>([
    ["half a tag", [0x88]],
    ["a tag without its number", [0x08]],
    ["half a number", [0x08, 0x01, 0x10, 0x80]],
    ["a number of eleven bytes", [0x08, ...Array<number>(10).fill(0x80), 0x01]],
    ["a text longer than the message", [0x12, 0x02, 0x61]],
    ["a length of 2^63", [0x12, ...Array<number>(9).fill(0x80), 0x01]],
    ["seven bytes of eight", [0x09, 1, 2, 3, 4, 5, 6, 7]],
    ["a group", [0x0b, 0x0c]],
    ["field 0", [0x02, 0x00]],
    ["a field that would be 1 in 32 bits", [0x8a, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00]],
  ])("says that %s is no protobuf", (_, bytes) => {
    expect(fields(Uint8Array.from(bytes))).toBe(-1);
    expect(fields(Uint8Array.from([0x08, 0x01, ...bytes]))).toBe(-1);
  });

  test("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(fields(bytes)).toBeGreaterThanOrEqual(-1);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("the JSON reader", () => {
  test("reads what JSON.parse reads", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const ours = json(text);
        expect(JSON.parse(ours.value ?? `"${ours.error}"`)).toEqual(JSON.parse(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test("accepts and refuses exactly what JSON.parse does, but for duplicate keys and lone surrogates", () => {
    const piece = fc.constantFrom(
      ...'{}[],:"\\ \n0123456789-+.eEtrufalsn\u00e9\u{1f600}/bu',
      "true",
      "false",
      "null",
      '"a"',
      '{"a":',
      "[1,",
      "1.5e3",
      "\\u00e9",
      "\u0001",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        const ours = json(text);
        let theirs = true;
        try {
          JSON.parse(text);
        } catch {
          theirs = false;
        }
        if (ours.error?.includes("duplicate key") || ours.error?.includes("surrogate")) return;
        expect([text, ours.error === undefined]).toEqual([text, theirs]);
      }),
      { numRuns: 20_000 },
    );
  });

  test("survives any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { value, error } = json(bytes);
        expect(value === undefined).toBe(error !== undefined && error.length > 0);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["[1,2", "line 1, column 5: expected ',' or ']'"],
    ['{"a":1\n,"b" 2}', "line 2, column 6: expected ':' after the key"],
    ['{"a":1,"a":2}', 'line 1, column 8: duplicate key "a"'],
    ['{"a":1,"\\u0061":2}', 'line 1, column 8: duplicate key "a"'],
    ["[01]", "line 1, column 3: a number must not begin with 0"],
    ["[1.]", "line 1, column 4: expected a digit after the point"],
    ['["\\ud800"]', "line 1, column 3: half of a surrogate pair"],
    ['["a\tb"]', "line 1, column 4: control character in a string: write it as \\u0009"],
    ['["é" x]', "line 1, column 6: expected ',' or ']'"],
    ["", "line 1, column 1: unexpected end"],
    ["1 2", "line 1, column 3: text after the end of the value"],
    ["[[[[1]]]]", "line 1, column 4: nested more than 3 deep"],
  ])("says what is wrong in %j and where", (text, error) => {
    expect(json(text, text.startsWith("[[[[") ? 3 : 64).error).toBe(error);
  });

  test("refuses keys that were chosen to hash alike, instead of comparing each with each", () => {
    // FNV-1a as the reader seeds it for the top-level object, by its low bits: what decides on the place in the table.
    const place = (key: string) => {
      let hash = (0x811c9dc5 ^ 0x9e3779b1) >>> 0;
      for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
      return (hash ^ (hash >>> 15)) & 0x7ff;
    };
    const alike: string[] = [];
    for (let i = 0; alike.length < 400; i++) if (place(i.toString(36)) === 7) alike.push(i.toString(36));
    const memory = core.call("linearMemory");

    expect(json(`{${alike.map((key) => `"${key}":1`).join(",")}}`).error).toMatch(/too many keys that hash alike/);
    expect(core.call("linearMemory")).toBe(memory);
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(json(Uint8Array.of(0x22, 0xff, 0x22)).error).toBe("not UTF-8");
    expect(json(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)).error).toBe("not UTF-8");
  });

  test("reads 15,000 keys in one object, and stops at its depth", () => {
    const wide = `{${Array.from({ length: 15_000 }, (_, i) => `"key${i}":${i}`).join(",")}}`;
    const deep = "[".repeat(5_000) + "]".repeat(5_000);

    expect(json(wide).value).toBe(wide);
    expect(json(wide.slice(0, -1)).error).toBe(`line 1, column ${wide.length}: expected ',' or '}'`);
    expect(json(deep, 5_000).value).toBe(deep);
    expect(json(deep, 64).error).toBe("line 1, column 65: nested more than 64 deep");
  });
});

describe("a configuration's reader", () => {
  const read = (config: unknown) => {
    const accepted = core.call("readConfiguration", core.write(typeof config === "string" ? config : JSON.stringify(config)));
    return accepted === 1 ? "accepted" : core.readText();
  };

  test("accepts what is right and wholly read", () => {
    expect(read({})).toBe("accepted");
    expect(read({ limits: [{ name: "a", requests: 5, per: "1.5s", enforce: 12.3456789, mode: "shadow", on: false }] })).toBe("accepted");
  });

  test.each([
    [{ limits: [{ requests: "ten" }] }, 'limits[0].requests (line 1, column 25): must be a whole number from 1 to 1000000, got "ten"'],
    [{ limits: [{}, { requests: 0 }] }, "limits[1].requests (line 1, column 27): must be a whole number from 1 to 1000000, got 0"],
    [{ limits: [{ requests: 1.5 }] }, "limits[0].requests (line 1, column 24): must be a whole number from 1 to 1000000, got 1.5"],
    [{ limits: [{ per: "10" }] }, 'limits[0].per (line 1, column 20): must be a duration with a unit, as "250ms" or "1.5s", got "10"'],
    [{ limits: [{ judge: { a: 1 } }] }, "limits[0].judge (line 1, column 21): is not for you"],
    [{ ["k".repeat(5_000)]: 1 }, `${"k".repeat(64)}... (line 1, column 3): unknown field; known: limits`],
    [`{ "${"k".repeat(5_000)}": 1, "${"k".repeat(5_000)}": 2 }`, `line 1, column 5010: duplicate key "${"k".repeat(64)}..."`],
    [{ limits: [{ enforce: 101 }] }, "limits[0].enforce (line 1, column 23): must be a number from 0 to 100, got 101"],
    [{ limits: [{ mode: "on" }] }, 'limits[0].mode (line 1, column 21): must be one of "enforce", "shadow", "off", got "on"'],
    [{ limits: {} }, "limits (line 1, column 11): must be an array, got an object"],
    [{ limits: [7] }, "limits[0] (line 1, column 12): must be an object, got 7"],
    [{ limit: [] }, "limit (line 1, column 3): unknown field; known: limits"],
    [
      { limits: [{ nmae: "x" }] },
      "limits[0].nmae (line 1, column 14): unknown field; known: name, requests, per, enforce, mode, on, judge",
    ],
    ["[]", "must be a JSON object"],
    ["nonsense", "line 1, column 1: expected a value"],
  ])("refuses %j", (config, message) => {
    expect(read(config)).toBe(message);
  });

  test("reports the first three problems and counts the rest", () => {
    expect(read({ a: 1, b: 2, c: 3, d: 4, e: 5 })).toMatch(/^a .*; b .*; c .*; and 2 more$/);
  });
});

describe("numbers", () => {
  test("decimals are exact, or refused", () => {
    const decimal = fc.tuple(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), fc.nat({ max: 9 }), fc.nat({ max: 9 }));
    fc.assert(
      fc.property(decimal, ([whole, fractionDigits, digits]) => {
        const negative = whole < 0n;
        const text = String(negative ? -whole : whole).padStart(fractionDigits + 1, "0");
        const point = text.length - fractionDigits;
        const written = `${negative ? "-" : ""}${text.slice(0, point)}${fractionDigits ? `.${text.slice(point)}` : ""}`;
        const ok = core.call("decimal", core.write(written), digits);
        const fraction = text.slice(point).padEnd(digits, "0");
        const exact = /^0*$/.test(fraction.slice(digits)) && (digits > 0 || fractionDigits === 0);
        const value = BigInt(`${negative ? "-" : ""}${text.slice(0, point)}${fraction.slice(0, digits)}`);
        const fits = value >= -(2n ** 63n) && value < 2n ** 63n;
        expect([written, digits, ok === 1]).toEqual([written, digits, exact && fits]);
        if (ok === 1) expect(core.readI64()).toBe(value);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["250ms", 250_000_000n],
    ["1.5s", 1_500_000_000n],
    ["1h30m", 5_400_000_000_000n],
    ["0s", 0n],
    ["7ns", 7n],
    ["1.5us", 1_500n],
    ["0.000001ms", 1n],
    ["292h", 1_051_200_000_000_000n],
  ])("reads the duration %s", (text, nanoseconds) => {
    expect(core.call("duration", core.write(text))).toBe(1);
    expect(core.readI64()).toBe(nanoseconds);
  });

  test.each(["", "10", "s", "-1s", "1.s", ".5s", "1d", "1 s", "1e3s", "9999999999h", "1s ", "1.5ns", "1..5s"])(
    "refuses the duration %j",
    (text) => {
      expect(core.call("duration", core.write(text))).toBe(0);
    },
  );
});

describe("bytes", () => {
  test("UTF-8 is told from what is not, as TextDecoder does", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.string({ unit: "binary", maxLength: 6 }).map((s) => new TextEncoder().encode(s)),
      fc
        .array(fc.constantFrom(0xc0, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0x41), { maxLength: 5 })
        .map((a) => Uint8Array.from(a)),
    );
    fc.assert(
      fc.property(bytes, (value) => {
        let valid = true;
        try {
          decoder.decode(value);
        } catch {
          valid = false;
        }
        expect(core.call("utf8", core.write(value)) === 1).toBe(valid);
        core.call("text", core.write(value)); // never a trap
      }),
      { numRuns: 10_000 },
    );
  });

  test("header names are RFC 9110 tokens; those that Envoy guards are known", () => {
    const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", maxLength: 5 }), (name) => {
        const pseudo = [":method", ":path", ":authority", ":scheme", ":status", ":protocol"].includes(name.toLowerCase());
        expect([name, core.call("headerKind", core.write(name)) !== 1]).toEqual([name, pseudo || token.test(name)]);
      }),
      { numRuns: 5_000 },
    );
    const kinds = { ordinary: 0, invalid: 1, pseudo: 2, framing: 3, routing: 4 };
    const kindOf = (name: string) => core.call("headerKind", core.write(name));
    expect([":abc", ":Path"].map(kindOf)).toEqual([kinds.invalid, kinds.pseudo]);
    expect(["x-a", ":path", "Host", "Content-Length", "transfer-encoding", "x-forwarded-proto", ":", ""].map(kindOf)).toEqual([
      kinds.ordinary,
      kinds.pseudo,
      kinds.pseudo,
      kinds.framing,
      kinds.framing,
      kinds.routing,
      kinds.invalid,
      kinds.invalid,
    ]);
  });

  test("header values hold no control character but the tab", () => {
    const accepted = Array.from({ length: 256 }, (_, byte) => byte).filter(
      (byte) => core.call("fieldValue", core.write(Uint8Array.of(byte))) === 1,
    );

    expect(accepted).toEqual([
      9,
      ...Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i),
      ...Array.from({ length: 128 }, (_, i) => 0x80 + i),
    ]);
  });

  test("so it is of values of any length, wherever the byte stands", () => {
    const byte = fc.oneof({ arbitrary: fc.integer({ min: 0x20, max: 0x7e }), weight: 20 }, { arbitrary: fc.nat({ max: 255 }), weight: 1 });
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 40 }), (bytes) => {
        const clean = bytes.every((one) => one === 9 || (one >= 0x20 && one !== 0x7f));
        expect(core.call("fieldValue", core.write(Uint8Array.from(bytes))) === 1).toBe(clean);
      }),
      { numRuns: 3_000 },
    );
  });

  test("texts are the same when each byte is, of any length and at any address", () => {
    const text = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(text, fc.nat({ max: 7 }), fc.option(fc.nat({ max: 39 })), (one, gap, changed) => {
        const other = Uint8Array.from(one, (byte, i) => (i === changed ? byte ^ 1 : byte));
        const at = one.length + gap;
        core.write(Uint8Array.from([...one, ...new Uint8Array(gap), ...other]));
        expect(core.call("same", one.length, at) === 1).toBe(changed === null || changed >= one.length);
      }),
      { numRuns: 3_000 },
    );
  });
});

test("the table of contexts is a map, whatever is added and removed", () => {
  const operation = fc.record({ id: fc.nat({ max: 60 }), value: fc.nat(), remove: fc.boolean() });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), fc.nat({ max: 0xffffff }), (operations, base) => {
      core.call("tableReset");
      const model = new Map<number, number>();
      for (const { id, value, remove } of operations) {
        const key = id === 0 ? 0 : (base + id * 64) >>> 0; // collide on purpose
        if (remove) {
          expect(core.call("tableRemove", key)).toBe(BigInt(model.get(key) ?? -1));
          model.delete(key);
        } else {
          core.call("tableSet", key, value);
          if (key !== 0) model.set(key, value);
        }
        expect(core.call("tableSize")).toBe(model.size);
      }
      for (const [key, value] of model) expect(core.call("tableGet", key)).toBe(BigInt(value));
    }),
    { numRuns: 300 },
  );
});

describe("the collector", () => {
  interface Model {
    value: number;
    left?: Model;
    right?: Model;
  }

  test("keeps what is reachable and frees the rest", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("new" as const), slot: fc.nat({ max: 7 }), value: fc.nat({ max: 1000 }) }),
      fc.record({ kind: fc.constant("link" as const), from: fc.nat({ max: 7 }), to: fc.nat({ max: 7 }), right: fc.boolean() }),
      fc.record({ kind: fc.constant("descend" as const), slot: fc.nat({ max: 7 }), right: fc.boolean() }),
      fc.record({ kind: fc.constant("drop" as const), slot: fc.nat({ max: 7 }) }),
      fc.record({ kind: fc.constant("collect" as const) }),
    );
    const sum = (node: Model | undefined, depth: number): number =>
      node === undefined || depth === 0
        ? 17
        : (Math.imul(Math.imul(node.value, 31) + sum(node.left, depth - 1), 31) + sum(node.right, depth - 1)) >>> 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        for (let slot = 0; slot < 8; slot++) core.call("nodeDrop", slot);
        const base = core.call("collect") as number;
        const slots: (Model | undefined)[] = [];
        const reachable = () => {
          const seen = new Set<Model>();
          const walk = (node: Model | undefined) => {
            if (!node || seen.has(node)) return;
            seen.add(node);
            walk(node.left);
            walk(node.right);
          };
          slots.forEach(walk);
          return seen.size;
        };
        for (const s of steps) {
          if (s.kind === "new") {
            core.call("nodeNew", s.slot, s.value);
            slots[s.slot] = { value: s.value };
          } else if (s.kind === "link") {
            core.call("nodeLink", s.from, s.to, s.right ? 1 : 0);
            const from = slots[s.from];
            const to = slots[s.to];
            if (from && to) from[s.right ? "right" : "left"] = to;
            else if (from) delete from[s.right ? "right" : "left"];
          } else if (s.kind === "descend") {
            core.call("nodeDescend", s.slot, s.right ? 1 : 0);
            slots[s.slot] = slots[s.slot]?.[s.right ? "right" : "left"];
          } else if (s.kind === "drop") {
            core.call("nodeDrop", s.slot);
            slots[s.slot] = undefined;
          } else {
            expect((core.call("collect") as number) - base).toBe(reachable());
          }
          for (let slot = 0; slot < 8; slot++) expect((core.call("nodeSum", slot) as number) >>> 0).toBe(sum(slots[slot], 12) >>> 0);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("follows static arrays whose content has moved to the heap, in collections of either colour", () => {
    let total = 0;
    for (let i = 1; i <= 50; i++) {
      core.call("literalPush", i);
      total += i;
      core.call("collect");
      expect(core.call("literalSum")).toBe(total);
    }
  });

  test("runs by itself at the end of a callback, so that garbage stays bounded", () => {
    const live = Array.from({ length: 200 }, () => core.call("churn", 500) as number);

    expect(Math.max(...live.slice(100))).toBeLessThanOrEqual(Math.max(...live.slice(0, 100)));
    expect(Math.max(...live)).toBeLessThan(20_000);
  });
});

describe("the arena", () => {
  test("hands out blocks that do not overlap, small and large, and forgets them when the callback ends", () => {
    expect(core.call("arenaRound", 10, 100)).toBe(1);
    expect(core.call("arenaRound", 50, 10_000)).toBe(1);
    const memory = core.call("linearMemory");
    for (let i = 0; i < 100; i++) expect(core.call("arenaRound", 50, 10_000)).toBe(1);

    expect(core.call("linearMemory")).toBe(memory);
    expect(core.call("arenaHighWater")).toBe(500_000);
  });
});
