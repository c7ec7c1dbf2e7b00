import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Comparison } from "../test";
import { BitSet } from "./bit-set";
import { KeyTable } from "./key-table";

const PRIME: u32 = 0x01000193;

/** Leads from a value's text to what is asked of it: one walk over the text for each kind of comparison, whatever the number of keys. */
export class TextDoor {
  private exact: bool = false;
  /** Lengths that there are, the shortest first. */
  private readonly prefixes: i32[] = [];
  private readonly suffixes: i32[] = [];

  /** @param number of the value: keys of another one are not this one's */
  constructor(readonly number: i32) {}

  learn(comparison: Comparison, text: Bytes): void {
    if (comparison == Comparison.Whole) this.exact = true;
    else insert(comparison == Comparison.Prefix ? this.prefixes : this.suffixes, text.length);
  }

  /** Adds what the table has for a value. */
  look(value: Bytes, table: KeyTable, into: BitSet): void {
    const at = value.ptr;
    const length = value.length;
    let hash = begin(this.number, Comparison.Prefix);
    let done = 0;
    for (let i = 0; i < this.prefixes.length && this.prefixes[i] <= length; i++) {
      for (; done < this.prefixes[i]; done++) hash = step(hash, load<u8>(at + <usize>done));
      table.take(hash, into);
    }
    hash = begin(this.number, Comparison.Suffix);
    done = 0;
    for (let i = 0; i < this.suffixes.length && this.suffixes[i] <= length; i++) {
      for (; done < this.suffixes[i]; done++) hash = step(hash, load<u8>(at + <usize>(length - 1 - done)));
      table.take(hash, into);
    }
    if (!this.exact) return;
    hash = begin(this.number, Comparison.Whole);
    for (let i = 0; i < length; i++) hash = step(hash, load<u8>(at + <usize>i));
    table.take(hash, into);
  }
}

/** Adds a length to a list that is in order. */
export function insert(list: i32[], value: i32): void {
  if (list.includes(value)) return;
  list.push(value);
  list.sort((a, b) => a - b);
}

/** The hash of a text that is compared in some way with the value `number`. */
export function hashText(number: i32, comparison: Comparison, text: Bytes): u32 {
  let hash = begin(number, comparison);
  const length = text.length;
  for (let i = 0; i < length; i++) hash = step(hash, <u8>text.at(comparison == Comparison.Suffix ? length - 1 - i : i));
  return hash;
}

/** FNV-1a, 32 bits, begun differently for each value and kind of comparison (of which there are eight at most). */
export function begin(number: i32, kind: u32): u32 {
  return (0x811c9dc5 ^ (((<u32>number) << 3) | kind)) * PRIME;
}

// @ts-ignore: decorator
@inline export function step(hash: u32, byte: u8): u32 {
  return (hash ^ (<u32>byte)) * PRIME;
}
