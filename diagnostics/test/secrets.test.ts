import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MeshscriptError, diagnostic, render, spanIn } from "../index.ts";
import { masked } from "../secrets.ts";

describe("a line of configuration", () => {
  test.each([
    ['  "password": "hunter2",', '  "password": "*******",'],
    ['{ "user": "ann", "apiKey": "k-1", "n": 3 }', '{ "user": "ann", "apiKey": "***", "n": 3 }'],
    ["client-secret: a,b#1 # the old one", "client-secret: ***** # the old one"],
    ["{ API_KEY: k-1, name: x }", "{ API_KEY: ***, name: x }"],
    ["private_key: 'it''s'", "private_key: '*****'"],
    ["headers: { authorization: Bearer abc, x-user: ann }", "headers: { authorization: **********, x-user: ann }"],
    ['"tokens": ["a", "bc"], "x": "y"', '"tokens": ["*", "**"], "x": "y"'],
    ['"token": "never closed', '"token": "************'],
    ['"token" "no colon", "x": 1', '"token" "********", "x": 1'],
    [`value: '{ "passwd": "p" }'`, `value: '{ "passwd": "*" }'`],
    ['value: "{ \\"credential\\": \\"c d\\", \\"x\\": 1 }"', 'value: "{ \\"credential\\": \\"***\\", \\"x\\": 1 }"'],
  ])("%s", (line, shown) => {
    expect(masked(line)).toBe(shown);
  });

  test.each([
    '  "tokens": 100, "perToken": true,',
    "token: null",
    'token: { env: "TOKEN" }',
    '{ "header": "authorization" }',
    "private_key: |",
    "requests: ten # no secret here",
  ])("that shows none stays as it is: %s", (line) => {
    expect(masked(line)).toBe(line);
  });

  test("never changes its length, and hides every text under such a name, whatever is in it", () => {
    const name = fc.constantFrom("password", "API-Key", "client_secret", "accessToken", "Authorization");
    const before = fc.constantFrom("", '"a": 1, ', '"note": "x, y", ', '{ "n": [1, 2], ');
    fc.assert(
      fc.property(name, before, fc.string({ unit: "binary", minLength: 1 }), (key, lead, secret) => {
        const value = JSON.stringify(secret);
        const line = `${lead}${JSON.stringify(key)}: ${value}, "z": "seen"`;
        expect(masked(line)).toBe(`${lead}${JSON.stringify(key)}: "${"*".repeat(value.length - 2)}", "z": "seen"`);
      }),
    );
  });
});

test("a line of half a megabyte takes no time", () => {
  const line = `inline_bytes: ${"a".repeat(500_000)}, ${"'\"".repeat(5_000)} 2fa_token: x`;
  const started = performance.now();
  expect(masked(line).endsWith("2fa_token: *")).toBe(true);
  expect(performance.now() - started).toBeLessThan(1_000);
});

describe("a finding", () => {
  const text = '{\n\t"secret": "hunter2" "mode": 1\n}';
  const at = (file: string) =>
    diagnostic("MS0101", "no JSON", { location: spanIn(text, file, text.indexOf('"mode"'), text.indexOf(": 1")) });

  test("shows no secret of a configuration, and its caret stands where it was", () => {
    for (const file of ["config.json", "envoy.YAML", "a.yml", "--filter tracing"]) {
      expect(
        render([at(file)], { color: false })
          .split("\n")
          .slice(1, 3),
      ).toEqual(['    2 | \t"secret": "*******" "mode": 1', `      | \t${" ".repeat(20)}^^^^^^`]);
      expect(JSON.stringify(new MeshscriptError(at(file)).diagnostics)).not.toContain("hunter2");
    }
  });

  test("shows a source as it is", () => {
    expect(at("assembly/filter.ts").location?.text).toContain("hunter2");
  });
});

test("a place is counted from 1, marked to the end of its line at most, and has the line without its end", () => {
  expect(spanIn("a\r\nbcd\r\ne", "x", 4, 99)).toEqual({ file: "x", line: 2, column: 2, length: 2, text: "bcd" });
  expect(spanIn("\uFEFF{}", "x", 0)).toEqual({ file: "x", line: 1, column: 1, length: 1, text: "{}" });
  expect(spanIn("", "x", 0)).toEqual({ file: "x", line: 1, column: 1, length: 1, text: "" });
});

test("what several findings advise alike is said once, below the last of them", () => {
  const shown = render([diagnostic("MS0102", "a"), diagnostic("MS0102", "b"), diagnostic("MS0102", "c", { help: "another" })], {
    color: false,
  });
  expect(shown.match(/correct the field/g)).toHaveLength(1);
  expect(shown.indexOf("MS0102: b")).toBeLessThan(shown.indexOf("correct the field"));
  expect(shown).toContain("help: another");
});
