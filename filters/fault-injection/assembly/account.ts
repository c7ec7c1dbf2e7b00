import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";

export const ABORT: Bytes = Bytes.of(";abort");
export const RESET: Bytes = Bytes.of(";reset");
export const RESPONSE: Bytes = Bytes.of(";response");
export const OVERFLOW: Bytes = Bytes.of(";overflow");
export const UNDECIDED: Bytes = Bytes.of(";undecided");

const DELAY: Bytes = Bytes.of(";delay=");
const SHADOW: Bytes = Bytes.of(";shadow");
const SEPARATOR: Bytes = Bytes.of(", ");
const MILLISECOND: u64 = 1_000_000;

/** What a request has met, as an RFC 9651 list of the faults' names with parameters: `slow;delay=250, flaky;abort`. Built in one callback. */
export class Account {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param before what was told in earlier callbacks */
  begin(before: Bytes | null): this {
    this.text.clear();
    if (before !== null) this.text.pushBytes(before);
    return this;
  }

  /** Appends another list. */
  join(list: Bytes): this {
    if (!this.empty) this.text.pushBytes(SEPARATOR);
    this.text.pushBytes(list);
    return this;
  }

  get empty(): bool {
    return this.text.length == 0;
  }

  /** @param shadow it was not done */
  add(name: Bytes, what: Bytes, shadow: bool = false): this {
    this.addName(name);
    this.text.pushBytes(what);
    if (shadow) this.text.pushBytes(SHADOW);
    return this;
  }

  /** @param length nanoseconds; written in whole milliseconds, rounded up */
  addDelay(name: Bytes, length: u64, shadow: bool = false): this {
    this.addName(name);
    this.text.pushBytes(DELAY);
    this.text.pushDecimal((length + MILLISECOND - 1) / MILLISECOND);
    if (shadow) this.text.pushBytes(SHADOW);
    return this;
  }

  /** Owned: later callbacks go on with it. */
  copy(): Bytes {
    return this.text.bytes().copy();
  }

  private addName(name: Bytes): void {
    if (!this.empty) this.text.pushBytes(SEPARATOR);
    this.text.pushBytes(name);
  }
}
