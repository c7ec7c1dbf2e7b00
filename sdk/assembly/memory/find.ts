import { HIGHS, ONES } from "./eight";

/** Where a byte first occurs between two addresses; `end` where it does not. Eight at a time (Bit Twiddling Hacks, "determine if a word has a zero byte"). */
export function findByte(at: usize, end: usize, byte: u8): usize {
  const wanted = <u64>byte * ONES;
  for (; at + 8 <= end; at += 8) {
    const differs = load<u64>(at) ^ wanted;
    // The lowest of these bits is right; one above it may be a borrow's.
    const zero = (differs - ONES) & ~differs & HIGHS;
    if (zero != 0) return at + ((<usize>ctz(zero)) >> 3);
  }
  for (; at < end; at++) if (load<u8>(at) == byte) return at;
  return end;
}
