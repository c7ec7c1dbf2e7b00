import { Ajv, type ErrorObject } from "ajv";
import { describe, expect, test } from "vitest";
import { mistakesOf } from "../../../harness/schema/mistakes.ts";

/** The mistakes of a value, without their places. */
function mistakes(schema: object, value: unknown): string[] {
  const validate = new Ajv({ allErrors: true, verbose: true, strict: false }).compile(schema);
  validate(value);
  return mistakesOf((validate.errors ?? []) as ErrorObject[]).map(({ message }) => message);
}

const object = (properties: object, required: string[] = []) => ({ type: "object", properties, required, additionalProperties: false });
const text = { type: "string" };

describe("a mistake is said as an author says it", () => {
  test.each<[object, unknown, string[]]>([
    [{ type: "integer" }, 1.5, ["the configuration must be a whole number, got 1.5"]],
    [{ type: ["string", "null"] }, [], ["the configuration must be a string or null, got an array"]],
    [object({ a: { minimum: 1 } }), { a: 0 }, ["a must be 1 or more, got 0"]],
    [object({ a: { maximum: 1 } }), { a: 2 }, ["a must be 1 or less, got 2"]],
    [object({ a: { minimum: 0, maximum: 1 } }), { a: 2 }, ["a must be from 0 to 1, got 2"]],
    [object({ a: { exclusiveMinimum: 0 } }), { a: 0 }, ["a must be above 0, got 0"]],
    [object({ a: { const: "v1" } }), { a: "v2" }, ['a must be "v1", got "v2"']],
    [object({ a: { minLength: 1 } }), { a: "" }, ["a must not be empty"]],
    [object({ a: { maxLength: 2 } }), { a: "abc" }, ['a must have at most 2 characters, got "abc"']],
    [object({ a: { uniqueItems: true } }), { a: [1, 2, 1] }, ["a must not have an entry twice (0 and 2 are the same)"]],
    [object({ a: { propertyNames: { pattern: "^x-" } } }), { a: { y: 1 } }, ['the name "y" must match ^x-']],
    [object({ "a.b": { items: text } }), { "a.b": [1] }, ['["a.b"][0] must be a string, got 1']],
    [object({ a: { pattern: "^/", patternErrorMessage: "must be a path" } }), { a: "x" }, ['a must be a path, got "x"']],
    [object({}), { a: 1 }, ['unknown field "a"']],
    [object({ a: text }), { a: "x".repeat(80).length }, ["a must be a string, got 80"]],
  ])("%j of %j", (schema, value, expected) => {
    expect(mistakes(schema, value)).toEqual(expected);
  });

  test("and once: a field that is misspelt is not missing, too", () => {
    const schema = object({ name: text, other: text }, ["name", "other"]);
    expect(mistakes(schema, { nmae: "x" })).toEqual(["other is missing", 'unknown field "nmae", did you mean "name"?']);
  });
});

describe("of several forms", () => {
  const value = (name: string, key: string) => object({ [name]: text, [key]: text }, [name, key]);
  const schema = { anyOf: [value("header", "exact"), value("header", "prefix"), value("cookie", "exact"), { type: "null" }] };

  test.each<[unknown, string[]]>([
    // The nearest is meant.
    [{ header: "x", exact: 1 }, ["exact must be a string, got 1"]],
    [{ cookie: "x", exat: "y" }, ['unknown field "exat", did you mean "exact"?']],
    // Two are equally near: what they have in common, or one or the other.
    [{ header: "x", sufix: "y" }, ['unknown field "sufix"']],
    [{ header: "x" }, ['the configuration needs "exact" or "prefix"']],
    ["x", ['the configuration must be an object or null, got "x"']],
  ])("%j fits none", (given, expected) => {
    expect(mistakes(schema, given)).toEqual(expected);
  });

  test("by reference, and within others", () => {
    const referring = {
      definitions: { one: value("a", "b"), two: { oneOf: [{ $ref: "#/definitions/one" }, value("c", "d")] } },
      type: "array",
      items: { $ref: "#/definitions/two" },
    };
    expect(
      mistakes(referring, [
        { a: "x", b: "y" },
        { a: "x", b: 1 },
      ]),
    ).toEqual(["[1].b must be a string, got 1"]);
  });

  test("more than one fits, where exactly one may", () => {
    expect(mistakes({ oneOf: [{ type: "number" }, { minimum: 0 }] }, 1)).toEqual([
      "the configuration fits more than one of the forms that it can have",
    ]);
  });

  test("fields that exclude each other", () => {
    const schema = { oneOf: ["header", "cookie", "query"].map((name) => ({ required: [name] })) };
    expect(mistakes(schema, { header: "x", query: "y" })).toEqual(['the configuration must have only one of "header", "query"']);
    expect(mistakes(schema, {})).toEqual(['the configuration needs "header", "cookie" or "query"']);
  });
});
