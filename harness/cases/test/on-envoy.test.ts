import { expect, test } from "vitest";
import { tracingModule } from "../../../filters/tracing/test/support.ts";
import { parseCases } from "../load.ts";
import { withModules } from "../modules.ts";
import { EnvoyForCases } from "../on-envoy.ts";
import { openCase } from "../refusal.ts";
import { runCase } from "../run.ts";

test("a case whose configuration is refused fails alone, at its place", async () => {
  const cases = parseCases(
    [
      "cases:",
      "  - { name: good, requests: [{ get: /, expect: { status: 200 } }] }",
      "  - { name: bad, config: { mode: loud }, requests: [{ get: / }] }",
    ].join("\n"),
    "cases.yaml",
  );
  const all = withModules(cases, await tracingModule());
  const envoy = new EnvoyForCases(cases, all);
  await envoy.start();
  const found = [];
  for (const one of all) {
    const opened = await openCase(cases, one, () => envoy.open(one));
    found.push("findings" in opened ? opened.findings : await runCase(cases, one, opened.target));
    if ("target" in opened) await opened.target.close();
  }
  await envoy.stop();

  expect(found[0]).toEqual([]);
  expect(found[1]).toMatchObject([
    { code: "MS0807", location: { line: 3, column: 26 }, message: expect.stringMatching(/^"bad": the module refuses .* got "loud"$/) },
  ]);
});
