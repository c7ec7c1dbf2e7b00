// The same on Envoy, for some of the chains: random ones, and those that have found something.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openEnvoy } from "../../harness/index.ts";
import { type Run, outcomeOf, run } from "./script.ts";

const nothing = { chunks: [], trailers: false };
const whole = { chunks: ["abc"], trailers: true };
const found: [string, Run][] = [
  [
    "one part waits in the headers, another holds the body, and trailers come",
    { scripts: [{ requestHeaders: "pause" }, { requestBody: "buffer" }], request: whole, response: nothing },
  ],
  ["the same of a response", { scripts: [{ responseBody: "buffer" }, { responseHeaders: "pause" }], request: nothing, response: whole }],
  [
    "one part answers and another ends the stream in its answer",
    { scripts: [{ requestHeaders: "reply" }, {}, { responseHeaders: "close" }], request: nothing, response: nothing },
  ],
  [
    "parts wait for callouts one behind the other",
    { scripts: ["a", "b", "c"].map(() => ({ requestHeaders: "pause edit", resume: "callout" as const })), request: whole, response: whole },
  ],
  [
    "a part answers late, when those behind it know nothing of the request",
    { scripts: [{}, { requestHeaders: "pause reply" }, {}], request: whole, response: nothing },
  ],
  [
    "a part replaces what another has marked, in both directions",
    {
      scripts: [
        { requestBody: "mark", responseBody: "replace" },
        { requestBody: "replace", responseBody: "mark" },
      ],
      request: { chunks: ["ab", "cd"], trailers: false },
      response: { chunks: ["ef", "gh"], trailers: false },
    },
  ],
];

describe("chain and fused give the same", () => {
  test.each(found)("%s", async (_, one) => {
    expect(await outcomeOf(openEnvoy as never, one, "fused")).toEqual(await outcomeOf(openEnvoy as never, one, "chain"));
  });

  test.each(fc.sample(run, { numRuns: 12, seed: 11 }).map((one, n) => [n, one] as const))("by chance, %i", async (_, one) => {
    expect(await outcomeOf(openEnvoy as never, one, "fused")).toEqual(await outcomeOf(openEnvoy as never, one, "chain"));
  });
});
