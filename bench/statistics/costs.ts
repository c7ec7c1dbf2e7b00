import { type Interval, bootstrap, median } from "./bootstrap.ts";

/** Microseconds of CPU a request by arm, one value for each round; all arms have as many. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** What arms cost over the bare listener, when each round is brought to one level: what slows a round slows all arms in it. */
export class Costs {
  private readonly levelled: Rounds;

  constructor(
    rounds: Rounds,
    private readonly bare: string,
  ) {
    this.levelled = levelled(rounds);
  }

  /** Of a request that meets no filter. */
  base(): Interval {
    const all = this.of(this.bare);
    return bootstrap(all.length, (rounds) => middle(all, rounds));
  }

  has(arm: string): boolean {
    return this.levelled.has(arm);
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

  private cost(arm: string, rounds: readonly number[]): number {
    return middle(this.of(arm), rounds) - middle(this.of(this.bare), rounds);
  }

  private of(arm: string): readonly number[] {
    const found = this.levelled.get(arm);
    if (!found) throw new Error(`there is no arm ${arm}`);
    return found;
  }
}

/** Each value divided by its round's level: the median over all arms of what the round was to the arm's own median. */
function levelled(rounds: Rounds): Rounds {
  const all = [...rounds.values()];
  const medians = all.map(median);
  const levels = Array.from({ length: all[0]?.length ?? 0 }, (_, round) =>
    median(all.map((values, arm) => (values[round] as number) / (medians[arm] as number))),
  );
  return new Map([...rounds].map(([arm, values]) => [arm, values.map((value, round) => value / (levels[round] as number))]));
}

function middle(all: readonly number[], rounds: readonly number[]): number {
  return median(rounds.map((round) => all[round] as number));
}
