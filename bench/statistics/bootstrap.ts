import { seeded } from "../../test/support/seeded.ts";

/** An estimate, and where it lies in 95 of 100 resamplings of the rounds. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

const RESAMPLINGS = 2_000;
const SEED = 20_261_123;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/**
 * A statistic of rounds with its percentile interval: rounds are drawn again with replacement, whole, so that what was measured side by side
 * stays side by side. The same rounds give the same interval.
 */
export function bootstrap(rounds: number, statistic: (rounds: readonly number[]) => number): Interval {
  const random = seeded(SEED);
  const drawn = Array.from({ length: RESAMPLINGS }, () =>
    statistic(Array.from({ length: rounds }, () => Math.floor(random() * rounds))),
  ).sort((a, b) => a - b);
  const at = (share: number) => drawn[Math.round(share * (drawn.length - 1))] ?? Number.NaN;
  return { value: statistic(Array.from({ length: rounds }, (_, round) => round)), low: at(0.025), high: at(0.975) };
}
