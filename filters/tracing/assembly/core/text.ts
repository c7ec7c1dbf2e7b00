import { isBlank } from "proxy-wasm-assemblyscript-sdk/assembly/bytes";
import { findByte } from "proxy-wasm-assemblyscript-sdk/assembly/memory/find";

/** Walks a comma-separated header without making an object for each member: an attacker may send 30,000 of them. */
export class Members {
  /** The member found last, blanks around it left out. */
  start: usize = 0;
  length: i32 = 0;
  private at: usize = 0;
  private end: usize = 0;

  of(header: usize, length: i32): Members {
    this.at = header;
    this.end = header + <usize>length;
    return this;
  }

  /** Goes to the next member that is not empty; false at the end. */
  next(): bool {
    while (this.at <= this.end) {
      const stop = findByte(this.at, this.end, 0x2c);
      let from = this.at;
      let to = stop;
      while (from < to && isBlank(load<u8>(from))) from++;
      while (to > from && isBlank(load<u8>(to - 1))) to--;
      this.at = stop + 1;
      this.start = from;
      this.length = <i32>(to - from);
      if (this.length > 0) return true;
    }
    return false;
  }
}

/** Index of the first `byte` of a text at or after `from`, or -1. */
export function find(text: usize, length: i32, byte: u8, from: i32 = 0): i32 {
  if (from >= length) return -1;
  const end = text + <usize>length;
  const found = findByte(text + <usize>from, end, byte);
  return found == end ? -1 : <i32>(found - text);
}
