import { isBlank } from "proxy-wasm-assemblyscript-sdk/assembly/bytes";

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
      let stop = this.at;
      while (stop < this.end && load<u8>(stop) != 0x2c) stop++;
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
  for (let i = from; i < length; i++) {
    if (load<u8>(text + <usize>i) == byte) return i;
  }
  return -1;
}
