/** Weights of a route's destinations, in the route's order. */
export type Weights = readonly number[];

/** What the steps of a ramp sum to. */
const WHOLE = 100;

/**
 * Whole numbers that sum to `total`, in proportion to the weights: by highest averages (Sainte-Laguë), so that with a smaller total nobody gets
 * more, which rounding and largest remainders do not keep.
 * @throws RangeError when there is something to give and all weights are 0
 */
export function apportion(weights: Weights, total: number): number[] {
  if (total > 0 && !weights.some((weight) => weight > 0)) throw new RangeError("there is nobody to give it to");
  const seats = weights.map(() => 0);
  for (let given = 0; given < total; given++) {
    let best = 0;
    for (let i = 1; i < weights.length; i++) if (average(weights, seats, i) > average(weights, seats, best)) best = i;
    seats[best] = (seats[best] ?? 0) + 1;
  }
  return seats;
}

const average = (weights: Weights, seats: Weights, i: number): number => (weights[i] ?? 0) / (2 * (seats[i] ?? 0) + 1);

export interface RampOptions {
  /** Whose weight grows: its index. */
  to: number;
  /** Whose weight shrinks [all others', in proportion]. */
  from?: number | undefined;
  /** At most so many; never more than there are points of 100 to move. */
  steps: number;
}

/**
 * The weights of each step of a ramp, the present ones not among them: each sums to 100, that of `to` only grows and the others only shrink, and at
 * the end `to` has what `from`, or everybody, had. None when there is nothing to move.
 */
export function rampSteps(weights: Weights, { to, from, steps }: RampOptions): number[][] {
  const base = apportion(weights, WHOLE);
  const gives = (i: number) => i !== to && (from === undefined || i === from);
  const givers = weights.map((weight, i) => (gives(i) ? weight : 0));
  const movable = base.reduce((sum, weight, i) => sum + (gives(i) ? weight : 0), 0);
  const count = Math.min(steps, movable);
  return Array.from({ length: count }, (_, k) => {
    const moved = Math.round((movable * (k + 1)) / count);
    const left = apportion(givers, movable - moved);
    return base.map((weight, i) => (i === to ? weight + moved : gives(i) ? (left[i] ?? 0) : weight));
  });
}
