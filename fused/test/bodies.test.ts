// A body that is held behind headers which were stopped before arrives whole: Envoy alone loses it when trailers come.
import { describe, expect, test } from "vitest";
import { onBothHosts } from "../../harness/expect/index.ts";
import { type Run, outcomeOf } from "./script.ts";

const empty = { chunks: [], trailers: false };
const whole = { chunks: ["abc", "def"], trailers: true };

onBothHosts((open) => {
  describe.each(["chain", "fused"] as const)("%s", (as) => {
    test.each<[string, Run["scripts"]]>([
      ["one filter does both", [{ requestHeaders: "pause", requestBody: "buffer" }]],
      ["with a callout", [{ requestHeaders: "pause", requestBody: "buffer", resume: "callout" }]],
      ["it stops the body's first piece, too", [{ requestHeaders: "pause", requestBody: "pause" }]],
      ["another filter holds the body", [{ requestHeaders: "pause" }, { requestBody: "buffer" }]],
    ])("of a request: %s", async (_, scripts) => {
      const { received, lines, answer } = await outcomeOf(open, { scripts, request: whole, response: empty }, as);
      const visited = scripts.map((_one, i) => `x-visited=${"ab"[i]}`).join(",");

      expect(received).toEqual([`x-probe=1,${visited} abcdef x-end=1,${visited}`]);
      expect(answer).toMatch(/^200 /);
      for (const { request } of Object.values(lines)) expect(request?.filter((line) => / rt /.test(line))).toHaveLength(1);
    });

    test("of a response", async () => {
      const scripts = [{}, { responseHeaders: "pause", responseBody: "buffer" }];
      const { answer, lines } = await outcomeOf(open, { scripts, request: empty, response: whole }, as);

      expect(answer).toBe("200 x-visited=b,x-visited=a abcdef x-end=1,x-visited=b,x-visited=a");
      for (const { response } of Object.values(lines)) expect(response?.filter((line) => / st /.test(line))).toHaveLength(1);
    });
  });
});
