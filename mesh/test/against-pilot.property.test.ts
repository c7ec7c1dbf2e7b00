import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { bothOf, compared, ours, pilots } from "./pilot/compared.ts";
import { openPilot } from "./pilot/pilot.ts";
import { asYaml, randomMesh } from "./random-mesh.ts";

/** 50 ms each, and as many with `MESHSCRIPT_PILOT_RUNS`; `MESHSCRIPT_PILOT_SEED` says which [1]: the same each time, for every change is to be judged by the same. */
const RUNS = Number(process.env["MESHSCRIPT_PILOT_RUNS"] ?? 60);
const SEED = Number(process.env["MESHSCRIPT_PILOT_SEED"] ?? 1);

const pilot = await openPilot();
afterAll(async () => {
  if (!("skipped" in pilot)) await pilot[Symbol.asyncDispose]();
});

test.skipIf("skipped" in pilot)(
  "a random mesh is compiled as Pilot compiles it",
  async () => {
    if ("skipped" in pilot) return;
    let taken = 0;
    let refused = 0;
    const property = fc.asyncProperty(randomMesh, async (mesh) => {
      const both = bothOf(asYaml(mesh));
      const answer = await pilot.ask(both.request);
      // What Istio's webhook does not take is no difference.
      if (answer.proxies === undefined) refused++;
      else taken++;
      if (answer.proxies !== undefined) expect(compared(ours(both), pilots(answer, both))).toEqual([]);
    });
    await fc.assert(property, { numRuns: RUNS, seed: SEED });
    expect(refused).toBeLessThan(taken / 2);
  },
  120_000 + RUNS * 1_000,
);
