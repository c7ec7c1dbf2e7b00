import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "./attributes";

/** A value of a request. It may be absent, and it may occur several times: `at` gives all of them. */
export abstract class Value {
  /** What a configuration calls it: two of one identity are the same. Empty: nobody knows. */
  identity: string = "";

  /** Whether it may take a call of the host, as headers do not. */
  get asksHost(): bool {
    return false;
  }

  /** Occurrence `index`, borrowed; null when there are not as many. Asked in order, all of them cost one pass. */
  abstract at(from: Attributes, index: i32): Bytes | null;

  /** How often it occurs; 0 when absent. */
  count(from: Attributes): i32 {
    let count = 0;
    while (this.at(from, count) !== null) count++;
    return count;
  }

  /** The value when it occurs exactly once; null when it is absent or repeated. For identities and decisions. */
  unique(from: Attributes): Bytes | null {
    const first = this.at(from, 0);
    return first !== null && this.at(from, 1) === null ? first : null;
  }
}

/**
 * A value that is found by walking a text. The walk goes on where the last one stopped: a request with thousands of `a=1&` must not cost
 * the square of its length.
 */
export abstract class Walked extends Value {
  private round: u32 = 0;
  private next: i32 = 0;

  at(from: Attributes, index: i32): Bytes | null {
    if (index < 0) return null;
    if (this.round != from.round || this.next != index) {
      this.round = from.round;
      this.next = 0;
      this.rewind();
    }
    let found: Bytes | null = null;
    while (this.next <= index) {
      found = this.advance(from);
      // At the end there is no place to go on from.
      this.next = found === null ? i32.MAX_VALUE : this.next + 1;
    }
    return found;
  }

  /** Begins anew. */
  abstract rewind(): void;
  /** The next occurrence, or null. */
  abstract advance(from: Attributes): Bytes | null;
}
