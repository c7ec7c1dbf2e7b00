import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCounters } from "../counters.ts";
import { checkLog, checkReceived, checkResponse, fits } from "../expectations.ts";
import type { Expectation, HeaderExpectation } from "../schema.ts";

describe("a header", () => {
  test.each<[HeaderExpectation, string[], boolean]>([
    ["1", ["1"], true],
    ["1", ["2"], false],
    ["1", [], false],
    ["1", ["1", "1"], false],
    ["", [""], true],
    ["", [], false],
    [null, [], true],
    [null, [""], false],
    [{ present: true }, ["", "2"], true],
    [{ present: true }, [], false],
    [{ matches: "^a" }, ["ab"], true],
    [{ matches: "^a" }, ["ba"], false],
    [{ matches: "^a" }, ["ab", "ac"], false],
    [{ matches: "^a", not: true }, ["ba"], true],
    [{ matches: "^a", not: true }, ["ab"], false],
    [{ matches: "^a", not: true }, [], false],
    [["1", { matches: "^2" }], ["1", "22"], true],
    [["1", { matches: "^2" }], ["22", "1"], false],
    [["1"], ["1", "2"], false],
    [[], [], true],
    [[], ["1"], false],
  ])("expected as %j that is %j: %s", (expected, values, wanted) => {
    expect(fits(values, expected)).toBe(wanted);
  });

  test("is as expected when its own values are expected, and not with one more or one other", () => {
    const values = fc.array(fc.string(), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, fc.string(), fc.nat(), (list, other, at) => {
        expect(fits(list, list)).toBe(true);
        expect(fits([...list, other], list)).toBe(false);
        const changed = list.with(at % list.length, other);
        expect(fits(changed, list)).toBe(list[at % list.length] === other);
      }),
    );
  });
});

const response = (headers: [string, string][], body = "", status = 200) => ({
  status,
  reason: "",
  httpVersion: "1.1",
  headers,
  header: () => undefined,
  headerValues: () => [],
  body: Buffer.from(body),
  text: () => body,
  json: () => undefined,
  trailers: [],
  informational: [],
});

describe("a response", () => {
  test.each<[Expectation, string[]]>([
    [{}, []],
    [{ status: 200 }, []],
    [{ status: [204, 200] }, []],
    [{ status: 429 }, ["status: status 429 / 200"]],
    [{ headers: { "X-A": "1" } }, []],
    [{ headers: { "x-a": "2" } }, ['headers.x-a: header x-a "2" / "1"']],
    [{ headers: { "x-a": null } }, ['headers.x-a: header x-a absent / "1"']],
    [{ headers: { "x-b": { present: true } } }, ["headers.x-b: header x-b present / none"]],
    [{ trailers: { end: "1" } }, ['trailers.end: trailer end "1" / none']],
    [{ body: '{"a":[1]}' }, []],
    [{ body: { json: { a: [1] } } }, []],
    [{ body: { json: { a: [2] } } }, ['body: body {"a":[2]} / "{\\"a\\":[1]}"']],
    [{ body: { matches: "^\\{" } }, []],
    [{ body: "" }, ['body: body "" / "{\\"a\\":[1]}"']],
  ])("expected as %j differs in %j", (expected, wanted) => {
    const found = checkResponse(response([["x-a", "1"]], '{"a":[1]}'), expected);
    expect(found.map(({ path, expected: what, got }) => `${path.join(".")}: ${what} / ${got}`)).toEqual(wanted);
  });
});

test("a received request is compared by method, path, headers and body", () => {
  const request = {
    ...response([["x-a", "1"]], "hello"),
    method: "POST",
    path: "/a?b",
    authority: "a",
    complete: new Promise<never>(() => {}),
  };
  const wrong = checkReceived(request, { method: "GET", path: "/a", headers: { "x-a": null }, body: "bye" });

  expect(checkReceived(request, { method: "POST", path: "/a?b", headers: { "x-a": "1" }, body: "hello" })).toEqual([]);
  expect(wrong.map(({ path }) => path.join("."))).toEqual(["method", "path", "headers.x-a", "body"]);
});

test("a log line is there, or it is not", () => {
  const lines = [
    { level: "warning", message: "[x #1] late" }, // as Envoy writes it
    { level: "info", message: "ready" },
  ];

  expect(
    checkLog(lines, ["late", { level: "info" }, { matches: "^\\[x", level: "warn" }, { contains: "late", level: "info", absent: true }]),
  ).toEqual([]);
  expect(checkLog(lines, ["early", { level: "warn", absent: true }])).toEqual([
    { path: ["log", 0], expected: 'a log line with "early"', got: "none" },
    { path: ["log", 1], expected: "no log line warn", got: 'warn "[x #1] late"' },
  ]);
});

describe("a counter", () => {
  const before = new Map([["meshscript_x_refused_total", 2]]);
  const after = new Map([
    ["meshscript_x_refused_total", 3],
    ["meshscript_x_admitted_total", 4],
    ["meshscript_x_not_admitted_total", 1],
    ["plain", 7],
  ]);

  test.each<[Record<string, number>, string[]]>([
    [{ refused: 1 }, []],
    [{ meshscript_x_refused_total: 1 }, []],
    [{ x_refused: 1 }, []],
    [{ refused_total: 1 }, []],
    [{ plain: 7 }, []],
    [{ refused: 2 }, ["meshscript_x_refused_total to change by 2 / 1"]],
    [{ fused: 1 }, [`a counter fused / none of that name; there are: ${[...after.keys()].sort().join(", ")}`]],
    [{ admitted: 4 }, ["one counter admitted / several: meshscript_x_admitted_total, meshscript_x_not_admitted_total"]],
    [{ x_admitted: 4 }, []],
  ])("expected as %j differs in %j", (expected, wanted) => {
    const found = checkCounters(before, after, expected);
    expect(found.map((one) => `${one.expected} / ${one.got}`)).toEqual(wanted);
  });

  test("with labels is named by a value, or stands for all series together", () => {
    const series = (limit: string, metric: string) => `wasm_filter.ratelimit.limit=.=${limit};.;meshscript_ratelimit_${metric}_total`;
    const counters = new Map([
      [series("a.b", "refused"), 2],
      [series("c", "refused"), 3],
      [series("c", "shadow_refused"), 7],
    ]);
    const differences = (expected: Record<string, number>) =>
      checkCounters(new Map(), counters, expected).map((one) => `${one.expected} / ${one.got}`);

    expect(differences({ "a.b.refused": 2, "c.refused_total": 3, refused: 5, shadow_refused: 7, [series("c", "refused")]: 3 })).toEqual([]);
    expect(differences({ refused: 4 })).toEqual([
      "wasm_filter.ratelimit.limit=.=*;.;meshscript_ratelimit_refused_total, all 2 together, to change by 4 / 5",
    ]);
    expect(differences({ "d.refused": 1 })).toHaveLength(1);
  });
});
