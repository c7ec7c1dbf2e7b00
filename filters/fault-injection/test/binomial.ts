// What chance allows, in exact numbers as far as doubles go.

/** The probability of each count of `n` that happen with `p`. */
function probabilities(n: number, p: number): number[] {
  let logarithm = n * Math.log1p(-p);
  const all = [Math.exp(logarithm)];
  for (let k = 1; k <= n; k++) {
    logarithm += Math.log(((n - k + 1) / k) * (p / (1 - p)));
    all.push(Math.exp(logarithm));
  }
  return all;
}

export interface Bound {
  least: number;
  most: number;
  /** How probable a count outside of it is: counts are whole, so that it is not `wanted` to the last digit. */
  outside: number;
}

/** The two-sided bound of a binomial count whose outside is as near to `wanted` as whole counts allow, its two tails as alike as they can then be. */
export function bound(n: number, p: number, wanted: number): Bound {
  const all = probabilities(n, p);
  /** Counts, and how probable less is, as far as that is no more than wanted. */
  const tails = (list: readonly number[]) => {
    const found = [{ count: 0, tail: 0 }];
    let tail = 0;
    for (const [count, probability] of list.entries()) {
      tail += probability;
      if (tail > wanted) break;
      found.push({ count: count + 1, tail });
    }
    return found;
  };
  let best: Bound = { least: 0, most: n, outside: 0 };
  let off = Number.POSITIVE_INFINITY;
  for (const low of tails(all)) {
    for (const high of tails(all.toReversed())) {
      const outside = low.tail + high.tail;
      const distance = Math.abs(outside - wanted) + Math.abs(low.tail - high.tail) / 10;
      if (distance >= off) continue;
      off = distance;
      best = { least: low.count, most: n - high.count, outside };
    }
  }
  return best;
}

/** How far a count is from what is expected, in standard deviations. */
export function deviation(count: number, n: number, p: number): number {
  return (count - n * p) / Math.sqrt(n * p * (1 - p));
}

/** 99.9 % of normal numbers are within it, either side. */
export const RARE = 3.29;

/** Of a table of two by two, [neither, a only, b only, both]: 1 on average when a and b have nothing to do with each other (chi-square, 1 degree). */
export function chiSquare([neither, a, b, both]: readonly [number, number, number, number]): number {
  const n = neither + a + b + both;
  const margins = (a + both) * (b + neither) * (b + both) * (a + neither);
  return margins === 0 ? 0 : (n * (neither * both - a * b) ** 2) / margins;
}
