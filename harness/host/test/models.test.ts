// The data structures against simple models, with inputs nobody would write.
import fc from "fast-check";
import { expect, test } from "vitest";
import { VirtualClock } from "../clock.ts";
import { Body } from "../stream/body.ts";
import { HeaderMap } from "../stream/header-map.ts";
import { encodePairs, parsePairs } from "../vm/memory.ts";

const name = fc.constantFrom("x-a", "X-A", "x-b", "host", ":authority", ":path", "user-agent", "cookie");
const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 8 });

test("a header map is a list of pairs: pseudo headers first, single headers joined, the rest in order", () => {
  const edit = fc.tuple(fc.constantFrom("add", "replace", "remove"), name, text);
  const single = new Set([":authority", ":path", "user-agent"]);
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
      const map = new HeaderMap("request");
      let model: [string, string][] = [];
      for (const [what, given, value] of edits) {
        const key = given.toLowerCase() === "host" ? ":authority" : given.toLowerCase();
        const there = model.find(([one]) => one === key);
        if (what === "add") {
          map.add(given, value);
          if (single.has(key) && there) there[1] = there[1] === "" || value === "" ? there[1] + value : `${there[1]},${value}`;
          else model.push([key, value]);
        } else {
          model = model.filter(([one]) => one !== key);
          if (what === "replace") {
            map.replace(given, value);
            model.push([key, value]);
          } else map.remove(given);
        }
        const isPseudo = ([one]: [string, string]) => one.startsWith(":");
        model = [...model.filter(isPseudo), ...model.filter((pair) => !isPseudo(pair))];
      }
      expect(map.pairs()).toEqual(model);
      expect(map.byteSize).toBe(model.reduce((sum, [key, value]) => sum + key.length + value.length, 0));
      expect(map.get("X-A")).toBe(model.find(([key]) => key === "x-a")?.[1]);
    }),
  );
});

test("a body is its bytes, however it came to them", () => {
  const step = fc.tuple(fc.constantFrom("append", "prepend", "drain", "move"), fc.uint8Array({ maxLength: 6 }), fc.nat(8));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const body = new Body();
      let model = Buffer.alloc(0);
      for (const [what, bytes, count] of steps) {
        if (what === "append") {
          body.append(bytes);
          model = Buffer.concat([model, bytes]);
        } else if (what === "prepend") {
          body.prepend(bytes);
          model = Buffer.concat([bytes, model]);
        } else if (what === "drain") {
          body.drain(count);
          model = model.subarray(count);
        } else {
          const other = new Body(bytes);
          body.moveFrom(other);
          model = Buffer.concat([model, bytes]);
          expect(other.length).toBe(0);
        }
      }
      expect(body.bytes().equals(model)).toBe(true);
      expect(body.length).toBe(model.length);
    }),
  );
});

test("a block of pairs comes back as it was, and any other bytes are no pairs and no error", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), fc.nat(), fc.nat(255), (pairs, at, byte) => {
      const block = encodePairs(pairs);
      expect(parsePairs(block)).toEqual(pairs);
      const spoiled = Buffer.from(block);
      spoiled[at % spoiled.length] = byte;
      expect(Array.isArray(parsePairs(spoiled))).toBe(true);
      expect(parsePairs(block.subarray(0, block.length - 1))).toEqual([]);
    }),
  );
});

test("timers fire in the order of their time, then of their making, and not when cancelled", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 40 }), (timers) => {
      const clock = new VirtualClock(0);
      const fired: number[] = [];
      timers.forEach(([ms, cancelled], i) => {
        const timer = clock.after(ms, () => fired.push(i));
        if (cancelled) timer.cancel();
      });
      for (let next = clock.next(); next !== undefined; next = clock.next()) {
        clock.moveTo(next);
        for (let due = clock.due(); due; due = clock.due()) due();
      }
      const expected = timers.map(([ms, cancelled], i) => ({ ms, cancelled, i })).filter((one) => !one.cancelled);
      expect(fired).toEqual(expected.sort((a, b) => a.ms - b.ms || a.i - b.i).map(({ i }) => i));
    }),
  );
});
