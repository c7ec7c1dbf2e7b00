import { copyBytes } from "proxy-wasm-assemblyscript-sdk/assembly/memory/copy";

const ONE: u64 = 1;

/** A set of numbers, one bit for each. */
export class BitSet {
  private readonly words: StaticArray<u64>;

  /** @param size its numbers are from 0 to size - 1 */
  constructor(readonly size: i32) {
    this.words = new StaticArray<u64>((size + 63) >> 6);
  }

  add(number: i32): void {
    const bit: u64 = number & 63;
    this.words[number >> 6] |= ONE << bit;
  }

  addAll(other: BitSet): void {
    for (let i = 0; i < this.words.length; i++) unchecked((this.words[i] |= other.words[i]));
  }

  set(other: BitSet): void {
    copyBytes(changetype<usize>(this.words), changetype<usize>(other.words), (<usize>this.words.length) << 3);
  }

  /** The first number at or after `from`; `size` where there is none. */
  next(from: i32): i32 {
    if (<u32>from >= <u32>this.size) return this.size;
    let word = from >> 6;
    const first: u64 = from & 63;
    let bits = unchecked(this.words[word]) & (u64.MAX_VALUE << first);
    while (bits == 0) {
      if (++word == this.words.length) return this.size;
      bits = unchecked(this.words[word]);
    }
    return (word << 6) + <i32>ctz(bits);
  }
}
