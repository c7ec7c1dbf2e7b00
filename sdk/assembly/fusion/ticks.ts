import { monotonicNanoseconds } from "../clock";

const MILLISECOND: u64 = 1_000_000;

/** The timers of a root's parts, which share its one. */
export class Ticks {
  private readonly periods: StaticArray<u64>;
  private readonly due: StaticArray<u64>;

  constructor(parts: i32) {
    this.periods = new StaticArray<u64>(parts);
    this.due = new StaticArray<u64>(parts);
  }

  /** From now on every so many milliseconds; 0: no more. */
  set(part: i32, milliseconds: u32): void {
    const period = <u64>milliseconds * MILLISECOND;
    this.periods[part] = period;
    this.due[part] = period == 0 ? 0 : monotonicNanoseconds() + period;
  }

  /** Whether a part's turn has come; its next one is a period later. Without a clock, at each tick. */
  take(part: i32, now: u64): bool {
    const period = this.periods[part];
    if (period == 0 || (now != 0 && this.due[part] > now)) return false;
    this.due[part] = now + period;
    return true;
  }

  /** Milliseconds to the next turn of any part, 1 at least; 0 when nobody waits. */
  period(now: u64): u32 {
    let least = u64.MAX_VALUE;
    for (let i = 0; i < this.due.length; i++) {
      if (this.periods[i] == 0) continue;
      const left = this.due[i] > now ? this.due[i] - now : 0;
      // Without a clock nobody knows how long it has waited.
      least = min(least, now == 0 ? this.periods[i] : left);
    }
    if (least == u64.MAX_VALUE) return 0;
    return <u32>max((least + MILLISECOND - 1) / MILLISECOND, 1);
  }
}
