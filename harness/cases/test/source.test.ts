import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { MeshscriptError, render } from "../../../diagnostics/index.ts";
import { type Path, readYaml } from "../source.ts";

/** What stands at a place, to the end of its line. */
function textAt(text: string, path: Path, part?: "key" | "value"): string {
  const { line = 0, column = 0 } = readYaml(text, "x.yaml").locate(path, part);
  return (text.split("\n")[line - 1] ?? "").slice(column - 1);
}

describe("the place", () => {
  const text = ["a: &one { b: [x, y] }", "c:", "  - d: *one", "  - e:", ""].join("\n");

  test.each<[string, Path, string]>([
    ["of a value", ["a", "b", 1], "y] }"],
    ["of what is not there is that of what is around it", ["a", "b", 7, "z"], "[x, y] }"],
    ["of what is behind an alias is at its anchor", ["c", 0, "d", "b", 0], "x, y] }"],
    ["of an alias is its own", ["c", 0, "d"], "*one"],
  ])("%s", (_, path, there) => {
    expect(textAt(text, path)).toBe(there);
  });

  test("of a key", () => {
    expect(textAt(text, ["a", "b"], "key")).toBe("b: [x, y] }");
  });

  test("marks what is on the line only", () => {
    const source = readYaml("a: >\n  one\n  two\nb: 1\n", "x.yaml");
    expect(source.locate(["a"])).toMatchObject({ line: 1, column: 4, length: 1, text: "a: >" });
    expect(source.locate(["b"])).toMatchObject({ line: 4, column: 4, length: 1 });
  });

  test("of every number in any document is where that number stands", () => {
    const leaf = fc.integer({ min: 1000, max: 999_999 });
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie("value"), { maxLength: 4 }), fc.dictionary(name, tie("value"), { maxKeys: 4 })),
    }));
    fc.assert(
      fc.property(fc.array(value), fc.constantFrom(0, 2, 4), (root, indent) => {
        // JSON is YAML, too.
        const yaml = indent === 0 ? JSON.stringify(root) : stringify(root, { indent });
        for (const [path, number] of numbersIn(root)) expect(textAt(yaml, path)).toMatch(new RegExp(`^${number}\\b`));
      }),
    );
  });
});

test("every error of syntax is reported, with its line", () => {
  const broken = () => readYaml('a: "b\nc: [\n', "x.yaml");
  expect(broken).toThrow(MeshscriptError);
  try {
    broken();
  } catch (error) {
    const text = render((error as MeshscriptError).diagnostics, { color: false });
    expect(text).toMatch(/^x\.yaml:\d+:\d+: error MS0801: /);
    expect(text).toContain(" | ");
  }
});

test("a name twice is an error", () => {
  expect(() => readYaml("a: 1\na: 2\n", "x.yaml")).toThrow(/x\.yaml:2:1: MS0801: .*unique/);
});

function numbersIn(value: unknown, path: Path = []): [Path, number][] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => numbersIn(inner, [...path, key]));
}
