import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apportion, rampSteps } from "../weights.ts";

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
const weights = fc.array(fc.nat({ max: 1_000 }), { minLength: 2, maxLength: 6 }).filter((all) => sum(all) > 0);

describe("apportion", () => {
  test("gives all of the total, to nobody without a weight, and nobody more of less", () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 200 }), (all, total) => {
        const given = apportion(all, total);
        expect(sum(given)).toBe(total);
        for (const [i, weight] of all.entries()) if (weight === 0) expect(given[i]).toBe(0);
        for (const [i, less] of apportion(all, total - 1).entries()) expect(less).toBeLessThanOrEqual(given[i] ?? 0);
      }),
    );
  });

  test("keeps what is whole already", () => {
    fc.assert(
      fc.property(weights, (all) => {
        expect(apportion(all, sum(all))).toEqual(all);
      }),
      { numRuns: 30 },
    );
    expect(apportion([1, 1, 1], 100)).toEqual([34, 33, 33]);
  });

  test("gives nothing to nobody", () => {
    expect(apportion([0, 0], 0)).toEqual([0, 0]);
    expect(() => apportion([0, 0], 1)).toThrow(RangeError);
  });
});

describe("the steps of a ramp", () => {
  const ramp = weights.chain((all) => {
    const index = fc.nat({ max: all.length - 1 });
    return fc.record({
      all: fc.constant(all),
      to: index,
      from: fc.option(index, { nil: undefined }),
      steps: fc.integer({ min: 1, max: 120 }),
    });
  });

  test("sum to 100, never go back, are as many as are wanted, and end with everything that there was to give", () => {
    fc.assert(
      fc.property(
        ramp.filter(({ to, from }) => to !== from),
        ({ all, to, from, steps }) => {
          const made = rampSteps(all, { to, from, steps });
          const base = apportion(all, 100);
          expect(made.length).toBeLessThanOrEqual(steps);
          for (const [k, step] of made.entries()) {
            expect(sum(step)).toBe(100);
            const before = made[k - 1] ?? base;
            for (const [i, weight] of step.entries()) {
              if (i === to) expect(weight).toBeGreaterThan(before[i] ?? 0);
              else expect(weight).toBeLessThanOrEqual(before[i] ?? 0);
              if (i !== to && from !== undefined && i !== from) expect(weight).toBe(base[i]);
            }
          }
          const last = made.at(-1) ?? base;
          expect(last[to]).toBe(from === undefined ? 100 : (base[to] ?? 0) + (base[from] ?? 0));
        },
      ),
    );
  });

  test("shrink the others in proportion", () => {
    expect(rampSteps([60, 30, 10], { to: 2, steps: 3 })).toEqual([
      [40, 20, 40],
      [20, 10, 70],
      [0, 0, 100],
    ]);
    expect(rampSteps([60, 30, 10], { to: 2, from: 1, steps: 2 })).toEqual([
      [60, 15, 25],
      [60, 0, 40],
    ]);
    expect(rampSteps([0, 100], { to: 1, steps: 5 })).toEqual([]);
  });
});
