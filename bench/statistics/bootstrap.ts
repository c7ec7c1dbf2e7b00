import { randomOf } from "./random.ts";

/** An estimate, and where it lies in 95 of 100 resamplings of the rounds. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

const RESAMPLINGS = 2_000;
const SEED = 20_261_123;

/** The value below which that share of all lies, between two of them in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/**
 * A statistic of rounds with its percentile interval: rounds are drawn again with replacement, whole, so that what was measured side by side
 * stays side by side. The same rounds give the same interval.
 */
export function bootstrap(rounds: number, statistic: (rounds: readonly number[]) => number): Interval {
  const random = randomOf(SEED);
  const drawn = Array.from({ length: RESAMPLINGS }, () =>
    statistic(Array.from({ length: rounds }, () => Math.floor(random() * rounds))),
  ).sort((a, b) => a - b);
  const at = (share: number) => drawn[Math.round(share * (drawn.length - 1))] ?? Number.NaN;
  return { value: statistic(Array.from({ length: rounds }, (_, round) => round)), low: at(0.025), high: at(0.975) };
}
