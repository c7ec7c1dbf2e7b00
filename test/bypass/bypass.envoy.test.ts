// Every way around a policy that we know of, against the listener of envoy-configs/authz.yaml. The verdict is what the upstream saw.
import { expect, test } from "vitest";
import { authzModule } from "../../filters/authz/test/support.ts";
import { FAMILIES, NOT_HERE, allCases } from "./families/index.ts";
import { bypassesOf, falseDenialsOf, rowsOf, tableOf } from "./report.ts";
import { runCases } from "./run.ts";
import { openStage } from "./stage.ts";

test("no request gets around a policy, and none that is allowed is refused", async () => {
  const cases = allCases();
  await using stage = await openStage(await authzModule(), cases);
  const started = performance.now();
  const results = await runCases(stage, cases);
  const rows = rowsOf(results);
  console.log(`${tableOf(rows)}\n${((performance.now() - started) / 1_000).toFixed(1)} s`);
  expect([...bypassesOf(results), ...falseDenialsOf(results)]).toEqual([]);
  // What the upstream got without our doing would be a request that hid in another.
  expect(stage.recorder.strays(stage.sent)).toEqual([]);
  // Every family of the table has inputs, and no case is without a twin and a reason.
  expect(rows.filter(({ inputs }) => inputs === 0)).toEqual([]);
  const known = [...Object.keys(FAMILIES), ...Object.keys(NOT_HERE)].map(Number).sort((a, b) => a - b);
  expect(known).toEqual(Array.from({ length: 33 }, (_, index) => index + 1));
  expect(cases.filter(({ twin, noTwin }) => (twin === undefined) === (noTwin === undefined))).toEqual([]);
  expect(rows.reduce((sum, { inputs }) => sum + inputs, 0)).toBeGreaterThanOrEqual(1_500);
});
