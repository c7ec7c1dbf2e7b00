// Queries, cookies and paths against simple models of them.
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type Core, loadCore } from "../../modules/index.ts";

let core: Core;
beforeAll(async () => {
  core = await loadCore(new URL("./values.as.ts", import.meta.url));
}, 120_000);

const lines = (length: number | bigint) => core.read(Number(length)).toString("latin1").split("\n").slice(0, -1);
const find = (what: "query" | "cookie", text: string, name: string) => {
  core.write(Buffer.from(text + name, "latin1"));
  return lines(core.call(what, text.length, name.length));
};
const segment = (path: string, index: number) => lines(core.call("segment", core.write(Buffer.from(path, "latin1")), index))[0];
const matches = (path: string, template: string) => {
  core.write(Buffer.from(path + template, "latin1"));
  return core.call("template", path.length, template.length) === 1;
};
const from = (characters: string, maxLength: number, minLength = 0) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

test.each([
  ["a=1", "a", ["1"]],
  ["a", "a", [""]],
  ["a=", "a", [""]],
  ["", "a", []],
  ["aa=1&ba=2&A=3", "a", []],
  ["a=1&b=2&a=3&a", "a", ["1", "3", ""]],
  ["a==1&a=b=c", "a", ["=1", "b=c"]],
  ["%61=1&a=%31", "a", ["%31"]],
  ["&&a=1&", "a", ["1"]],
  ["a?=1&?a=2", "?a", ["2"]],
])("query %j holds %j as %j", (query, name, expected) => {
  expect(find("query", query, name)).toEqual(expected);
});

test("every query is split as by a simple model", () => {
  const model = (query: string, name: string) =>
    query
      .split("&")
      .map((part) => [part.split("=")[0], part.includes("=") ? part.slice(part.indexOf("=") + 1) : ""])
      .filter(([key]) => key === name)
      .map(([, value]) => value);
  fc.assert(
    fc.property(from("ab=&?%\u00e4", 30), from("ab", 2, 1), (query, name) => {
      expect([query, name, find("query", query, name)]).toEqual([query, name, model(query, name)]);
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  ["a=1", "a", ["1"]],
  ["a=1; b=2; a=3", "a", ["1", "3"]],
  ["a=1;a=2", "a", ["1", "2"]],
  [" \ta=1 \t; b", "a", ["1"]],
  ["a", "a", []],
  ["A=1; aa=2", "a", []],
  ['a="x y"', "a", ['"x y"']],
  ["a=b=c", "a", ["b=c"]],
  ["a =1; a= 2", "a", ["1", "2"]],
  ["b=a=1", "a", []],
  ["a=", "a", [""]],
  [";;a=1", "a", ["1"]],
  ["", "a", []],
])("cookies %j hold %j as %j", (cookies, name, expected) => {
  expect(find("cookie", cookies, name)).toEqual(expected);
});

test("every Cookie header is split as by a simple model", () => {
  const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, "");
  const model = (cookies: string, name: string) =>
    cookies
      .split(";")
      .filter((pair) => pair.includes("=") && trim(pair.slice(0, pair.indexOf("="))) === name)
      .map((pair) => trim(pair.slice(pair.indexOf("=") + 1)));
  fc.assert(
    fc.property(from('ab=; \t"\u00e4', 30), from("ab", 2, 1), (cookies, name) => {
      expect([cookies, name, find("cookie", cookies, name)]).toEqual([cookies, name, model(cookies, name)]);
    }),
    { numRuns: 20_000 },
  );
});

test("a path's segments are what lies between its slashes", () => {
  expect([segment("/", 0), segment("/a/", 1), segment("/a", 1), segment("*", 0), segment("", 0)]).toEqual([
    "",
    "",
    undefined,
    undefined,
    undefined,
  ]);
  fc.assert(
    fc.property(from("ab/%\u00e4", 20), fc.nat({ max: 8 }), (path, index) => {
      const expected = path.startsWith("/") ? path.slice(1).split("/")[index] : undefined;
      expect([path, index, segment(path, index)]).toEqual([path, index, expected]);
    }),
    { numRuns: 10_000 },
  );
});

test("a template matches segment by segment, and a name stands for one that is not empty", () => {
  expect(matches("/users/7/orders", "/users/{id}/orders")).toBe(true);
  expect(matches("/users//orders", "/users/{id}/orders")).toBe(false);
  expect(matches("/users/7/orders/", "/users/{id}/orders")).toBe(false);
  expect(matches("/users/7", "/users/{id}/orders")).toBe(false);
  const part = fc.oneof(fc.constant("{id}"), from("ab", 2));
  fc.assert(
    fc.property(from("ab/", 12), fc.array(part, { minLength: 1, maxLength: 4 }), (path, parts) => {
      const template = `/${parts.join("/")}`;
      const pattern = new RegExp(`^/${parts.map((text) => (text === "{id}" ? "[^/]+" : text)).join("/")}$`);
      expect([path, template, matches(path, template)]).toEqual([path, template, pattern.test(path)]);
    }),
    { numRuns: 20_000 },
  );
});

test("60 KiB of one parameter or cookie cost one pass, not its square", () => {
  const started = performance.now();
  expect(find("query", "a&".repeat(30_000), "a")).toHaveLength(30_000);
  expect(find("cookie", "a=;".repeat(20_000), "a")).toHaveLength(20_000);
  // The square would be a billion steps.
  expect(performance.now() - started).toBeLessThan(5_000);
});
