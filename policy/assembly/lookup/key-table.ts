import { BitSet } from "./bit-set";

/**
 * Numbers by their keys: an open table, at most half full. Only hashes are kept, so a key may lead to numbers that have another one: who finds them judges
 * them anyway. Its keys are the configuration's, and no stranger fills it.
 */
export class KeyTable {
  /** Hashes of keys, and for each the first of its entries, counted from 1. */
  private readonly slots: StaticArray<u32>;
  private readonly heads: StaticArray<i32>;
  /** Entries: a number, and the next entry of the same key. */
  private readonly numbers: i32[] = [];
  private readonly nexts: i32[] = [];

  /** @param keys that there will be, at most */
  constructor(keys: i32) {
    let size = 16;
    while (size < keys * 2) size <<= 1;
    this.slots = new StaticArray<u32>(size);
    this.heads = new StaticArray<i32>(size);
  }

  add(hash: u32, number: i32): void {
    const at = this.slotOf(hash | 1);
    this.slots[at] = hash | 1;
    this.numbers.push(number);
    this.nexts.push(this.heads[at]);
    this.heads[at] = this.numbers.length;
  }

  /** Adds the numbers of a key to a set. */
  take(hash: u32, into: BitSet): void {
    for (let entry = this.heads[this.slotOf(hash | 1)]; entry != 0; entry = this.nexts[entry - 1]) into.add(this.numbers[entry - 1]);
  }

  /** How many numbers a key has. */
  count(hash: u32): i32 {
    let count = 0;
    for (let entry = this.heads[this.slotOf(hash | 1)]; entry != 0; entry = this.nexts[entry - 1]) count++;
    return count;
  }

  /** Where the hash is, or belongs. A free slot has 0: hashes are made odd. */
  private slotOf(hash: u32): i32 {
    const mask = this.slots.length - 1;
    let at = (<i32>(hash >> 1)) & mask;
    while (this.slots[at] != 0 && this.slots[at] != hash) at = (at + 1) & mask;
    return at;
  }
}
