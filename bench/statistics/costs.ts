import { type Interval, bootstrap, median } from "./bootstrap.ts";

/** Microseconds of CPU a request by arm, one value for each round; all arms have as many. */
export type Rounds = ReadonlyMap<string, readonly number[]>;

/** What arms cost over the bare listener of the same rounds. */
export class Costs {
  constructor(
    private readonly rounds: Rounds,
    private readonly bare: string,
  ) {}

  /** Of a request that meets no filter. */
  base(): Interval {
    const all = this.of(this.bare);
    return bootstrap(all.length, (rounds) => median(rounds.map((round) => all[round] as number)));
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

  /** The median of what it costs more than the bare listener in the same round: what slows a round slows both. */
  private cost(arm: string, rounds: readonly number[]): number {
    const own = this.of(arm);
    const bare = this.of(this.bare);
    return median(rounds.map((round) => (own[round] as number) - (bare[round] as number)));
  }

  private of(arm: string): readonly number[] {
    const found = this.rounds.get(arm);
    if (!found) throw new Error(`there is no arm ${arm}`);
    return found;
  }
}
