import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonMistake } from "../strict-json.ts";

describe("a mistake", () => {
  test.each([
    ['{"a":1,}', 6, 'a comma in front of "}": JSON allows none there'],
    ["[1,]", 2, 'a comma in front of "]": JSON allows none there'],
    ["{a:1}", 1, 'a name in double quotes, or "}" is expected, not a'],
    ["{'a':1}", 1, "texts are in double quotes in JSON, not in single ones"],
    ['{"a" 1}', 5, 'a colon after "a" is missing'],
    ['{"a":1 "b":2}', 7, 'a comma before "b" is missing'],
    ['{"a":1;"b":2}', 6, 'a comma or "}" is expected, not ;'],
    ['{"a":01}', 5, "a value is expected, not 01"],
    ['{"a":True}', 5, "a value is expected, not True"],
    ['{"a":"x', 5, "the text that begins here has no end"],
    ['{"a":"x\n"}', 5, "the text that begins here has no end"],
    ['{"a":"\\q"}', 6, "the escape \\q is none of JSON's"],
    ['{"a":"\t"}', 6, "a control character inside of a text: write it as an escape, such as \\t"],
    ['{"a":[1,2', 5, "the list that begins here has no end"],
    ['{"a":1', 0, "the object that begins here has no end"],
    ['{"a":', 5, "the JSON ends too early: a value is missing"],
    ["", 0, "the JSON ends too early: a value is missing"],
    ["{} x", 3, "the JSON is at its end before this"],
    ['{"a":1 # why\n}', 7, "a comment: JSON has none"],
    ['{"a":{"a":1},"\\u0061":2}', 13, '"\\u0061" is there twice'],
    ["[".repeat(600), 501, "more than 500 levels"],
  ])("in %j is at %i", (text, start, message) => {
    expect(jsonMistake(text)).toMatchObject({ start, message });
  });
});

test("what JSON.parse takes has none, and what it does not take has one", () => {
  const json = fc.json({ depthSize: "medium" });
  const mutated = fc
    .tuple(json, fc.nat(), fc.constantFrom("", ",", '"', "}", "]", ":", "0", "-", " ", "\\", "/", "\u0001", "é"))
    .map(([text, at, piece]) => {
      const index = at % (text.length + 1);
      return text.slice(0, index) + piece + text.slice(index + (at % 2));
    });
  fc.assert(
    fc.property(fc.oneof(json, mutated), (text) => {
      const found = jsonMistake(text);
      if (found) {
        expect(found.start).toBeLessThanOrEqual(text.length);
        expect(found.end).toBeGreaterThan(found.start);
      }
      // JSON.parse takes a name twice, and says nothing of what comes behind it.
      if (!found?.message.endsWith("is there twice")) expect(found === undefined).toBe(isJson(text));
    }),
    { numRuns: 3_000 },
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
