import { type Interval, bootstrap, quantile } from "./bootstrap.ts";

/** Microseconds of CPU a request by arm, one value for each round; all arms have as many. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/**
 * Noise only adds: others on the machine take caches and time, and never give any. So the lowest tenth of the rounds stands for an arm; in a run of 36
 * rounds its interval was half as wide as the median's.
 */
const LOW = 0.1;

/** What arms cost over the bare listener of the same rounds. */
export class Costs {
  constructor(
    private readonly rounds: Rounds,
    private readonly bare: string,
  ) {}

  /** Of a request that meets no filter. */
  base(): Interval {
    const all = this.of(this.bare);
    return bootstrap(all.length, (rounds) => low(all, rounds));
  }

  has(arm: string): boolean {
    return this.rounds.has(arm);
  }

  over(arm: string): Interval {
    return bootstrap(this.of(arm).length, (rounds) => this.cost(arm, rounds));
  }

  /** How many times as much one arm costs as another. */
  ratio(arm: string, reference: string): Interval {
    return bootstrap(this.of(arm).length, (rounds) => this.cost(arm, rounds) / this.cost(reference, rounds));
  }

  /** What one arm costs above another, divided: by the calls that it makes more, for example. */
  difference(arm: string, reference: string, divisor = 1): Interval {
    return bootstrap(this.of(arm).length, (rounds) => (this.cost(arm, rounds) - this.cost(reference, rounds)) / divisor);
  }

  /** Above the bare listener in the same rounds: what slows a round slows both. */
  private cost(arm: string, rounds: readonly number[]): number {
    return low(this.of(arm), rounds) - low(this.of(this.bare), rounds);
  }

  private of(arm: string): readonly number[] {
    const found = this.rounds.get(arm);
    if (!found) throw new Error(`there is no arm ${arm}`);
    return found;
  }
}

function low(all: readonly number[], rounds: readonly number[]): number {
  return quantile(
    rounds.map((round) => all[round] as number),
    LOW,
  );
}
