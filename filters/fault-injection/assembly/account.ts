import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";

const SEPARATOR: Bytes = Bytes.of(", ");
const DELAY: Bytes = Bytes.of(";delay=");
const SHADOW: Bytes = Bytes.of(";shadow");
const MILLISECOND: u64 = 1_000_000;

/** What a request has met, as an RFC 9651 list of the faults' names with parameters: `slow;delay=250, flaky;abort`. */
export const ABORT: Bytes = Bytes.of(";abort");
export const RESET: Bytes = Bytes.of(";reset");
export const RESPONSE: Bytes = Bytes.of(";response");
export const OVERFLOW: Bytes = Bytes.of(";overflow");
export const UNDECIDED: Bytes = Bytes.of(";undecided");

/** Writes such a list for filter state, access logs and clients. */
export class Account {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param before what it met before this */
  add(before: Bytes | null, name: Bytes, what: Bytes, shadow: bool): Bytes {
    this.begin(before, name);
    this.text.pushBytes(what);
    return this.end(shadow);
  }

  /** @param length nanoseconds; written in whole milliseconds, rounded up */
  addDelay(before: Bytes | null, name: Bytes, length: u64, shadow: bool): Bytes {
    this.begin(before, name);
    this.text.pushBytes(DELAY);
    this.text.pushDecimal((length + MILLISECOND - 1) / MILLISECOND);
    return this.end(shadow);
  }

  private begin(before: Bytes | null, name: Bytes): void {
    this.text.clear();
    if (before !== null) {
      this.text.pushBytes(before);
      this.text.pushBytes(SEPARATOR);
    }
    this.text.pushBytes(name);
  }

  /** Owned: later callbacks go on with it. */
  private end(shadow: bool): Bytes {
    if (shadow) this.text.pushBytes(SHADOW);
    return this.text.bytes().copy();
  }
}
