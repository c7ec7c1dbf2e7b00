/**
 * Eight bytes of a text at a time, as the bytes of a word (Bit Twiddling Hacks; "SIMD within a register"). An answer is a word, too: the top bit of a byte says
 * yes. Right for bytes below 0x80 alone, since there no addition reaches a neighbour: ask `areAscii` first.
 */

/** 1 in each byte: times a byte, that byte eight times. */
export const ONES: u64 = 0x0101010101010101;
export const HIGHS: u64 = 0x8080808080808080;

export function areAscii(word: u64): bool {
  return (word & HIGHS) == 0;
}

/** Of which the byte is not below a number up to 0x80. */
export function atLeast(word: u64, low: u64): u64 {
  return word + (0x80 - low) * ONES;
}

/** Of which the byte is another one. */
export function isNot(word: u64, byte: u64): u64 {
  return atLeast(word ^ (byte * ONES), 1);
}

/** Whether an answer is yes for each of the eight. */
export function all(answer: u64): bool {
  return (answer & HIGHS) == HIGHS;
}
