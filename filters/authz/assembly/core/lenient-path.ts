import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { hexadecimalDigit } from "../../../../policy";

const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

/**
 * A path as the most lenient server reads it: escapes decoded (twice), cut at what ends a path or a C string, `\` as `/`, without `;parameters`,
 * empty segments, `.` and `..`. A policy that holds for this form, too, holds whatever the upstream makes of the path. Work is linear.
 *
 * @param text where it is built; one that is used for nothing else while the result is
 */
export function lenientPath(path: Bytes, text: ArenaBuffer): Bytes {
  if (!isOdd(path)) return path;
  text.clear();
  const at = text.reserve(path.length + 1);
  if (at == 0) return path;
  // With a slash in front each segment has one, and none is written over before it is read.
  store<u8>(at, SLASH);
  memory.copy(at + 1, path.ptr, path.length);
  let length = decode(at, decode(at, path.length + 1));
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(at + <usize>i);
    if (byte == 0x23 || byte == 0x3f || byte == 0) length = i;
    else if (byte == 0x5c) store<u8>(at + <usize>i, SLASH);
  }
  return Bytes.borrow(at, segments(at, length));
}

/** Whether anything here may be read in two ways: most paths have only one form. */
function isOdd(path: Bytes): bool {
  let before: u8 = 0;
  for (let i: usize = 0, n = <usize>path.length; i < n; i++) {
    const byte = load<u8>(path.ptr + i);
    if (byte == 0x25 || byte == 0x5c || byte == 0x3b || byte == 0) return true;
    if (before == SLASH && (byte == SLASH || byte == DOT)) return true;
    before = byte;
  }
  return false;
}

/** Decodes `%hh` in place; gives the new length. What is no escape stays. */
function decode(at: usize, length: i32): i32 {
  let to = 0;
  for (let i = 0; i < length; i++, to++) {
    let byte = load<u8>(at + <usize>i);
    if (byte == 0x25 && i + 2 < length) {
      const high = hexadecimalDigit(load<u8>(at + <usize>i + 1));
      const low = hexadecimalDigit(load<u8>(at + <usize>i + 2));
      if (high >= 0 && low >= 0) {
        byte = <u8>((high << 4) | low);
        i += 2;
      }
    }
    store<u8>(at + <usize>to, byte);
  }
  return to;
}

/** Walks the segments and keeps, in place, what they lead to; gives the new length. What is written is never ahead of what is read. */
function segments(at: usize, length: i32): i32 {
  let to = 0;
  let i = 0;
  while (i < length) {
    if (load<u8>(at + <usize>i) == SLASH) i++;
    const start = i;
    let end = -1;
    for (; i < length && load<u8>(at + <usize>i) != SLASH; i++) {
      if (end < 0 && load<u8>(at + <usize>i) == 0x3b) end = i;
    }
    if (end < 0) end = i;
    const size = end - start;
    const last = i >= length;
    const up = size == 2 && load<u8>(at + <usize>start) == DOT && load<u8>(at + <usize>start + 1) == DOT;
    const stays = size == 0 || (size == 1 && load<u8>(at + <usize>start) == DOT);
    if (up) {
      while (to > 0 && load<u8>(at + <usize>--to) != SLASH) {}
    }
    if (up || stays) {
      // A directory keeps its slash: /a/b/.. is /a/
      if (last) {
        store<u8>(at + <usize>to, SLASH);
        to++;
      }
      continue;
    }
    store<u8>(at + <usize>to, SLASH);
    memory.copy(at + <usize>to + 1, at + <usize>start, <usize>size);
    to += size + 1;
  }
  return to;
}
