// Random probes: both hosts have to say the same. `MESHSCRIPT_FUZZ=2000 npx vitest run test/probes/fuzz.test.ts` asks many and prints what
// they disagree on; MESHSCRIPT_FUZZ_SEED chooses others, MESHSCRIPT_FUZZ_SHRINK=1 makes the cases small.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Comparison, compare } from "./fuzz/compare.ts";
import { cases } from "./fuzz/generate.ts";
import { shrink } from "./fuzz/shrink.ts";

const wanted = Number(process.env["MESHSCRIPT_FUZZ"] ?? 0);
const seed = Number(process.env["MESHSCRIPT_FUZZ_SEED"] ?? 4);
/** Many Envoys for each difference: minutes. */
const shrinks = process.env["MESHSCRIPT_FUZZ_SHRINK"] === "1";
const FEW = 40;
const BATCH = 100;

test("random filters get the same from Envoy and from the in-process host", { timeout: 3_600_000 }, async () => {
  const count = wanted || FEW;
  const all = fc.sample(cases, { seed, numRuns: count });
  for (let from = 0; from < count; from += BATCH) {
    const batch = new Map(all.slice(from, from + BATCH).map((one, i) => [`s${seed}-${from + i}`, one]));

    const result = await compare(batch);

    if (wanted > 0) await report(from, result);
    else expect(result.different).toEqual([]);
  }
});

async function report(from: number, { equal, crashes, refused, unstable, different }: Comparison): Promise<void> {
  const reasons = [...refused].map(([why, count]) => `${count} ${why}`).join("; ");
  console.log(
    `from ${from}: ${equal} equal, ${crashes} crash both, refused: ${reasons || "none"}, ${unstable.length} unstable, ${different.length} different`,
  );
  for (const { id, envoy, host } of unstable) console.log(`unstable ${id}\n--- Envoy\n${envoy}\n--- host\n${host}`);
  for (const { id, one, envoy, host } of different) {
    console.log(`different ${id}\n--- case\n${JSON.stringify(one)}\n--- Envoy\n${envoy}\n--- host\n${host}`);
    if (shrinks) console.log(`smallest of ${id}\n${JSON.stringify(await shrink(one), undefined, 1)}`);
  }
}
