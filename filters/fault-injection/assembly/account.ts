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
  private readonly buffer: ArenaBuffer = new ArenaBuffer();

  /** @param before what was told in earlier callbacks */
  begin(before: Bytes | null): this {
    this.buffer.clear();
    if (before !== null) this.buffer.pushBytes(before);
    return this;
  }

  /** Appends another list. */
  join(list: Bytes): this {
    if (!this.empty) this.buffer.pushBytes(SEPARATOR);
    this.buffer.pushBytes(list);
    return this;
  }

  get empty(): bool {
    return this.buffer.length == 0;
  }

  /** @param shadow it was not done */
  add(name: Bytes, what: Bytes, shadow: bool = false): this {
    this.addName(name);
    this.buffer.pushBytes(what);
    if (shadow) this.buffer.pushBytes(SHADOW);
    return this;
  }

  /** @param length nanoseconds; written in whole milliseconds, rounded up */
  addDelay(name: Bytes, length: u64, shadow: bool = false): this {
    this.addName(name);
    this.buffer.pushBytes(DELAY);
    this.buffer.pushDecimal((length + MILLISECOND - 1) / MILLISECOND);
    if (shadow) this.buffer.pushBytes(SHADOW);
    return this;
  }

  /** Borrowed: until the next `begin`. */
  get text(): Bytes {
    return this.buffer.bytes();
  }

  /** Owned: later callbacks go on with it. */
  copy(): Bytes {
    return this.text.copy();
  }

  private addName(name: Bytes): void {
    if (!this.empty) this.buffer.pushBytes(SEPARATOR);
    this.buffer.pushBytes(name);
  }
}
