import { all, areAscii, atLeast, ONES } from "proxy-wasm-assemblyscript-sdk/assembly/memory/eight";

/**
 * Hexadecimal digits, eight at a time: a digit is a byte of a word. An id is two or four such words,
 * and every request has three of them read and six written.
 */

/** Writes the low `digits` hexadecimal digits of `value` in lower case to `at`. */
export function hex(at: usize, value: u64, digits: i32): void {
  for (; digits >= 8; at += 8) {
    digits -= 8;
    store<u64>(at, eightDigits(<u32>(value >> (<u64>(digits << 2)))));
  }
  for (let i: usize = 0; digits > 0; i++) {
    digits--;
    const digit = (<u32>(value >> (<u64>(digits << 2)))) & 15;
    store<u8>(at + i, digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}

/** True when all are 0-9 or a-f: W3C and B3 forbid A-F. */
export function hexLower(at: usize, digits: i32): bool {
  for (; digits >= 8; digits -= 8, at += 8) if (!isEightLower(load<u64>(at))) return false;
  for (let i = 0; i < digits; i++) {
    const c = load<u8>(at + <usize>i);
    if (<u32>c - 0x30 > 9 && <u32>c - 0x61 > 5) return false;
  }
  return true;
}

/** True when all are 0-9, a-f or A-F. */
export function hexAny(at: usize, digits: i32): bool {
  for (let i = 0; i < digits; i++) {
    const c = load<u8>(at + <usize>i);
    if (<u32>c - 0x30 > 9 && <u32>(c | 0x20) - 0x61 > 5) return false;
  }
  return true;
}

/** The value of up to 16 digits that `hexLower` or `hexAny` has accepted. */
export function readHex(at: usize, digits: i32): u64 {
  let value: u64 = 0;
  for (; digits >= 8; digits -= 8, at += 8) value = (value << 32) | (<u64>valueOfEight(load<u64>(at)));
  for (let i = 0; i < digits; i++) {
    const c = <u64>load<u8>(at + <usize>i);
    value = (value << 4) | (c < 0x40 ? c - 0x30 : (c | 0x20) - 0x57);
  }
  return value;
}

/** The first digit is the lowest byte, as it lies in memory. */
function eightDigits(value: u32): u64 {
  // A byte to every second, then a half to each.
  let word = <u64>bswap(value);
  word = (word | (word << 16)) & 0x0000ffff0000ffff;
  word = (word | (word << 8)) & 0x00ff00ff00ff00ff;
  word = ((word >> 4) & 0x000f000f000f000f) | ((word & 0x000f000f000f000f) << 8);
  // Of 10 and more adding 6 reaches the next half; from "9" + 1 to "a" it is 39.
  const letters = ((word + 0x0606060606060606) >> 4) & ONES;
  return word + 0x3030303030303030 + letters * 0x27;
}

function isEightLower(word: u64): bool {
  const digit = atLeast(word, 0x30) & ~atLeast(word, 0x3a);
  const letter = atLeast(word, 0x61) & ~atLeast(word, 0x67);
  return areAscii(word) && all(digit | letter);
}

function valueOfEight(word: u64): u32 {
  // Letters of both cases have bit 6, and their low half is 9 less than their value.
  word = (word & 0x0f0f0f0f0f0f0f0f) + ((word >> 6) & ONES) * 9;
  word = ((word << 4) | (word >> 8)) & 0x00ff00ff00ff00ff;
  word = (word | (word >> 8)) & 0x0000ffff0000ffff;
  return bswap(<u32>(word | (word >> 16)));
}
