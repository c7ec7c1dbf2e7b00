import { LogLevel } from "./abi/enums";
import { log } from "./log";

/**
 * Says when something begins to be so, not each time that it is: "the service does not answer" once, and once that it answers again. What
 * flaps is told at most once in a while, with how often it changed meanwhile.
 */
export class StateLog {
  private current: string = "";
  private toldAt: u64 = 0;
  private changes: u32 = 0;
  private quiet: u64;

  /**
   * @param what begins each line, e.g. `external-callout: authorizer`
   * @param initial the state that is no news, e.g. `answers`
   * @param quietMilliseconds the least time between two lines
   */
  constructor(
    private readonly what: string,
    initial: string,
    quietMilliseconds: u32 = 10_000,
  ) {
    this.current = initial;
    this.quiet = <u64>quietMilliseconds * 1_000_000;
  }

  /**
   * It is in this state now. Costs a comparison when it was before.
   * @param now of `monotonicNanoseconds()`
   * @param level of the line, if one comes
   * @returns whether a line was logged
   */
  is(state: string, now: u64, level: LogLevel = LogLevel.Warn): bool {
    if (state != this.current) {
      this.current = state;
      this.changes++;
    }
    if (this.changes == 0 || (this.toldAt != 0 && now - this.toldAt < this.quiet)) return false;
    const line = this.what + ": " + state + (this.changes > 1 ? " (changed " + this.changes.toString() + " times)" : "");
    this.toldAt = now;
    this.changes = 0;
    if (level == LogLevel.Error) log.error(line);
    else if (level == LogLevel.Warn) log.warn(line);
    else log.info(line);
    return true;
  }
}
