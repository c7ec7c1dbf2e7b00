import { expect, test } from "vitest";
import { needsOf } from "./promql.ts";

test("names, matchers and groupings of a query are found, and nothing else", () => {
  const query = 'sum by (a, le) (rate(x_total{code=~"5..",path="{y}"}[5m])) / on (b) group_left sum(y) > 0.5 or 1e3 * z offset 5m';
  expect(needsOf(query)).toEqual({
    selectors: [
      { name: "x_total", labels: ["code", "path"] },
      { name: "y", labels: [] },
      { name: "z", labels: [] },
    ],
    groupings: ["a", "le", "b"],
    made: [],
  });
});

test("a pattern of names is one, and label_replace makes a label", () => {
  const query = 'sum by (plugin) (increase(label_replace({__name__=~"a_.+_b",x!=""}, "plugin", "$1", "__name__", "a_(.+)_b")[5m:15s]))';
  expect(needsOf(query)).toEqual({ selectors: [{ name: /^(?:a_.+_b)$/, labels: ["x"] }], groupings: ["plugin"], made: ["plugin"] });
});
