import { describe, expect, test } from "vitest";
import { seeded } from "../../test/support/seeded.ts";
import { judge } from "../run/claims.ts";
import { printed, reportOf } from "../run/report.ts";
import { bootstrap, median } from "../statistics/bootstrap.ts";
import { Costs } from "../statistics/costs.ts";
import { shuffled } from "../statistics/shuffle.ts";

describe("random numbers", () => {
  test("are the same for the same seed, and others for another", () => {
    const first = (seed: number) => {
      const random = seeded(seed);
      return Array.from({ length: 100 }, () => random());
    };
    expect(first(1)).toEqual(first(1));
    expect(first(2)).not.toEqual(first(1));
    expect(first(1).every((value) => value >= 0 && value < 1)).toBe(true);
  });

  test("put every arm at every place of a round alike", () => {
    const random = seeded(3);
    const arms = ["a", "b", "c", "d"];
    const first = new Map<string, number>();
    for (let i = 0; i < 4_000; i++) {
      const order = shuffled(arms, random);
      expect([...order].sort()).toEqual(arms);
      first.set(order[0] as string, (first.get(order[0] as string) ?? 0) + 1);
    }
    for (const arm of arms) expect(Math.abs((first.get(arm) ?? 0) - 1_000)).toBeLessThan(150);
  });
});

describe("a bootstrap interval", () => {
  test("has the median, also of an even number of rounds", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2.5, Number.NaN]);
  });

  test("holds the true value in about 95 of 100 samples", () => {
    const random = seeded(5);
    let held = 0;
    for (let n = 0; n < 200; n++) {
      // Skewed, as noise is: it only adds.
      const sample = Array.from({ length: 30 }, () => 10 - Math.log(1 - random()));
      const { low, high } = bootstrap(sample.length, (rounds) => median(rounds.map((round) => sample[round] as number)));
      if (low <= 10 + Math.LN2 && high >= 10 + Math.LN2) held++;
    }
    expect(held).toBeGreaterThan(180);
  });

  test("is a point where all rounds agree", () => {
    expect(bootstrap(5, () => 7)).toEqual({ value: 7, low: 7, high: 7 });
  });
});

describe("costs", () => {
  // What slows a round slows all arms in it.
  const slow = [1, 1, 1.5, 1, 3, 0.75, 1];
  const at = (microseconds: number) => slow.map((times) => microseconds * times);
  const rounds = new Map([
    ["bare", at(15)],
    ["ours/empty", at(17)],
    ["rust/empty", at(19)],
    ["native/empty", at(16)],
  ]);
  const costs = new Costs(rounds, "bare");

  test("are what an arm takes more than the bare listener, whatever slowed the rounds", () => {
    expect(costs.over("ours/empty")).toEqual({ value: 2, low: 2, high: 2 });
    expect(costs.ratio("ours/empty", "rust/empty").value).toBe(0.5);
    expect(costs.difference("rust/empty", "ours/empty", 8).value).toBe(0.25);
    expect(costs.base()).toEqual({ value: 15, low: 15, high: 15 });
  });

  test("of an arm that was not there are an error that names it", () => {
    expect(() => costs.over("ours/other")).toThrow("there is no arm ours/other");
  });

  test("decide a claim only when its whole interval does", () => {
    const noisy = new Map([...rounds, ["ours/five", [17, 27, 18, 31, 18, 40, 19]], ["rust/five", rounds.get("rust/empty") ?? []]]);
    const claim = (arm: string, atMost: number) => ({ arm, reference: arm.replace("ours", "rust"), atMost });
    const judged = judge(new Costs(noisy, "bare"), [
      claim("ours/empty", 0.7),
      claim("ours/empty", 0.4),
      claim("ours/five", 1.5),
      claim("fused/five", 1),
    ]);
    expect(judged.map(({ arm, verdict }) => [arm, verdict])).toEqual([
      ["ours/empty", "holds"],
      ["ours/empty", "does not hold"],
      ["ours/five", "too close to tell"],
    ]);
  });

  test("are printed with their ratios to Envoy's own filter and to Rust", () => {
    const text = printed(reportOf(costs, [...rounds.keys()]));
    expect(text).toContain("A request that meets no filter: 15.00 (15.00 to ");
    expect(text).toMatch(/\| ours\/empty +\| 2\.00 \(2\.00 to 2\.00\) \| 2\.00 \(2\.00 to 2\.00\) +\| 0\.50 \(0\.50 to 0\.50\) +\|/);
    expect(text).toMatch(/\| ours\/empty +\| rust\/empty +\| 0\.7 .*\| holds/);
  });
});
