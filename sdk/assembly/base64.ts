import { Bytes, EMPTY } from "./bytes";
import { allocate } from "./memory/arena";

/** Which two characters stand for 62 and 63 (RFC 4648, 4 and 5). */
export enum Base64 {
  /** `+` and `/`; padded to a multiple of four. */
  Standard = 0,
  /** `-` and `_`, without padding, as in JWTs. */
  Url = 1,
}

/**
 * Reads base64, strictly: no other character, no blanks, the padding that the alphabet asks for, no bits left over. Of several spellings of the
 * same bytes only one is read, so that what is compared as text is equal as bytes.
 *
 * @returns the bytes, borrowed; null for anything else, and when memory runs out
 */
export function decodeBase64(text: Bytes, alphabet: Base64 = Base64.Standard): Bytes | null {
  text._fresh();
  let length = text.length;
  if (alphabet == Base64.Standard) {
    if ((length & 3) != 0) return null;
    for (let padding = 0; padding < 2 && length > 0 && text.at(length - 1) == 0x3d; padding++) length--;
  }
  const rest = length & 3;
  if (rest == 1) return null;
  const size = (length >> 2) * 3 + (rest == 0 ? 0 : rest - 1);
  if (size == 0) return EMPTY;
  const to = allocate(<usize>size);
  if (to == 0) return null;
  let at = to;
  let bits: u32 = 0;
  let held = 0;
  for (let i = 0; i < length; i++) {
    const value = valueOf(load<u8>(text.ptr + <usize>i), alphabet);
    if (value < 0) return null;
    bits = (bits << 6) | (<u32>value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      store<u8>(at++, <u8>(bits >> held));
    }
  }
  if ((bits & ((1 << held) - 1)) != 0) return null;
  return Bytes.borrow(to, size);
}

/** 0 to 63; -1 for a character that is none of the alphabet. */
function valueOf(c: u8, alphabet: Base64): i32 {
  if (<u32>c - 0x41 < 26) return c - 0x41;
  if (<u32>c - 0x61 < 26) return c - 0x61 + 26;
  if (<u32>c - 0x30 < 10) return c - 0x30 + 52;
  if (c == (alphabet == Base64.Url ? 0x2d : 0x2b)) return 62;
  return c == (alphabet == Base64.Url ? 0x5f : 0x2f) ? 63 : -1;
}
