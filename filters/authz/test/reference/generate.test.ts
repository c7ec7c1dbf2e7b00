// A generator that never meets a field tests nothing: counted is where one list of one rule decides. ../differential.test.ts counts in earnest.
import { expect, test } from "vitest";
import { seeded } from "../../../../test/support/seeded.ts";
import { decisive } from "./decisive.ts";
import { evaluate } from "./evaluate.ts";
import { fieldNames } from "./fields.ts";
import { generate } from "./generate.ts";

const PAIRS = 10_000;

test("both verdicts are common, and every list decides often", () => {
  const random = seeded(20_260_101);
  const counts = new Map(fieldNames.map((name) => [name, 0]));
  let allowed = 0;
  let audited = 0;
  let tried = 0;
  let aliased = 0;
  for (let i = 0; i < PAIRS; i++) {
    const { config, facts } = generate(random);
    const verdict = evaluate(config, facts);
    if (verdict.allowed) allowed++;
    if (verdict.audited.length > 0) audited++;
    if (verdict.dryRun.allow?.by || verdict.dryRun.deny?.by) tried++;
    const alone = config.trustDomainAliases?.length ? { ...config, trustDomainAliases: [] } : config;
    if (alone !== config && evaluate(alone, facts).allowed !== verdict.allowed) aliased++;
    for (const name of new Set(decisive(config, facts))) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => a - b);
  console.log(`of ${PAIRS} pairs ${allowed} allowed, ${audited} audited, in ${tried} a dry run applies, in ${aliased} an alias decides`);
  console.log(sorted.map(([name, count]) => `${String(count).padStart(6)} ${name}`).join("\n"));

  expect(allowed).toBeGreaterThan(PAIRS * 0.2);
  expect(allowed).toBeLessThan(PAIRS * 0.8);
  expect(aliased).toBeGreaterThan(10);
  expect(counts.size).toBe(fieldNames.length);
  expect(sorted.filter(([, count]) => count < 10)).toEqual([]);
});

test("a seed decides everything", () => {
  expect(generate(seeded(7))).toEqual(generate(seeded(7)));
  expect(generate(seeded(7))).not.toEqual(generate(seeded(8)));
});
