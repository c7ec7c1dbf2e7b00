import fc from "fast-check";
import { expect, test } from "vitest";
import { Document, Scalar } from "yaml";
import { type Path, readYaml } from "../../../harness/cases/source.ts";
import { ConfigText } from "../config-text.ts";

const name = fc.stringMatching(/^[a-z][a-z' "\\é😀-]{0,8}$/u);
const leaf = fc.integer({ min: 1000, max: 999_999 });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie("value"), { maxLength: 4 }), fc.dictionary(name, tie("value"), { maxKeys: 4 })),
}));
const styles = ["BLOCK_LITERAL", "BLOCK_FOLDED", "QUOTE_DOUBLE", "QUOTE_SINGLE", "PLAIN"] as const;

test("every number of a JSON in a string of YAML is found where it stands, whatever the style, the indent and the width", () => {
  fc.assert(
    fc.property(
      fc.dictionary(name, value),
      fc.constantFrom(...styles),
      fc.constantFrom(0, 2),
      fc.constantFrom(0, 30),
      fc.constantFrom("\n", "\r\n"),
      (config, style, indent, lineWidth, end) => {
        const scalar = new Scalar(JSON.stringify(config, null, indent));
        scalar.type = style;
        const yaml = new Document({ outer: [{ value: scalar }] }).toString({ lineWidth }).replaceAll("\n", end);
        const text = ConfigText.inside(readYaml(yaml, "x.yaml"), ["outer", 0, "value"]);
        expect(text?.value).toEqual(config);
        for (const [path, number] of numbersIn(config)) {
          const { line = 0, column = 0, length } = text?.locate(path) ?? {};
          const there = yaml.split(/\r?\n/)[line - 1]?.slice(column - 1) ?? "";
          // A text in double quotes may be broken anywhere, in a number too.
          const [, digits = "", broken] = /^(\d+)(\\$)?/.exec(there) ?? [];
          expect(broken ? String(number).slice(0, digits.length) : String(number)).toBe(digits);
          if (!broken) expect(length).toBe(digits.length);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("a place that a module tells, in characters, is one of the file", () => {
  const yaml = 'a: "{ \\"é😀\\": 1,\\n  \\"b\\": { \\"c\\": true } }"\n';
  const text = ConfigText.inside(readYaml(yaml, "x.yaml"), ["a"]);
  expect(text?.pathAt(1, 3)).toEqual(["é😀"]);
  expect(text?.pathAt(1, 9)).toEqual(["é😀"]);
  expect(text?.pathAt(2, 10)).toEqual(["b", "c"]);
  expect(text?.at(2, 10)).toMatchObject({ line: 1, column: yaml.indexOf('\\"c') + 1 });
});

test("what is no text has no places", () => {
  expect(ConfigText.inside(readYaml("a: { b: 1 }", "x.yaml"), ["a"])).toBeUndefined();
  expect(ConfigText.inside(readYaml("a: { b: 1 }", "x.yaml"), ["c"])).toBeUndefined();
});

function numbersIn(inside: unknown, path: Path = []): [Path, number][] {
  if (typeof inside === "number") return [[path, inside]];
  if (typeof inside !== "object" || inside === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(inside) ? [...inside.entries()] : Object.entries(inside);
  return entries.flatMap(([key, inner]) => numbersIn(inner, [...path, key]));
}
