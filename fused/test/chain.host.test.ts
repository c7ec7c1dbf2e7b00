// On the in-process host, by chance: the fused module is told from a chain of modules by nothing.
import fc from "fast-check";
import { expect, test } from "vitest";
import { openHost } from "../../harness/index.ts";
import { outcomeOf, run } from "./script.ts";

test("a chain of random filters and the same fused: each hears the same, and so do client and upstream", async () => {
  await fc.assert(
    fc.asyncProperty(run, async (one) => {
      const chain = await outcomeOf(openHost as never, one, "chain");
      const fused = await outcomeOf(openHost as never, one, "fused");
      expect(fused).toEqual(chain);
    }),
    {
      numRuns: Number(process.env["MESHSCRIPT_FUSED_RUNS"] ?? 300),
      ...(process.env["MESHSCRIPT_FUSED_SEED"] ? { seed: Number(process.env["MESHSCRIPT_FUSED_SEED"]) } : {}),
    },
  );
}, 300_000);
