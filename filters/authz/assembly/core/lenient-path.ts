import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { hexadecimalDigit } from "../../../../policy";

const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;

/** How often a server may decode: not at all, once, or once more than it should. */
const LEVELS: i32 = 3;
/** Each level as it is and cut off, and the text that is decoded on. */
const AREAS: i32 = LEVELS * 2 + 1;

/**
 * Adds the forms in which lenient servers read a path: escapes decoded not at all, once and twice, each cut or not at what ends a path or a C string,
 * all without `;parameters`, empty segments and `.`. A policy that holds for all of them holds whatever the upstream makes of the path. Work is
 * linear.
 *
 * False for a path that has `..` or `\` in one of them, a slash that only decoding shows, or what `slashes` says: where that leads depends on what
 * exactly the server does and in which order. The honest ones are resolved before a filter sees them (`normalize_path`,
 * `path_with_escaped_slashes_action`). Also where memory runs out.
 *
 * @param text where they are built; one that is used for nothing else while the forms are
 */
export function lenientForms(path: Bytes, text: ArenaBuffer, into: Bytes[]): bool {
  if (!isOdd(path)) return true;
  const room = path.length + 1;
  text.clear();
  const at = text.reserve(room * AREAS);
  if (at == 0) return false;
  // With a slash in front each segment has one, and none is written over before it is read.
  store<u8>(at, SLASH);
  memory.copy(at + 1, path.ptr, path.length);
  let length = room;
  let to = at + <usize>room;
  const known = slashes(at, length);
  if (known < 0) return false;
  for (let level = 0; level < LEVELS; level++, to += <usize>(2 * room)) {
    const before = length;
    if (level > 0) length = unescape(at, length);
    if (level > 0 && length == before) break;
    if (slashes(at, length) != known) return false;
    const end = endOf(at, length);
    if (!add(at, length, to, path, into)) return false;
    if (end < length && !add(at, end, to + <usize>room, path, into)) return false;
  }
  return true;
}

/** Adds one form, built at `to`; false when it climbs. */
function add(at: usize, length: i32, to: usize, path: Bytes, into: Bytes[]): bool {
  memory.copy(to, at, <usize>length);
  const size = segments(to, length);
  if (size < 0) return false;
  const form = Bytes.borrow(to, size);
  if (!form.equals(path)) into.push(form);
  return true;
}

/**
 * How many there are; -1 where one is a `\`, or something that only some servers read: an escape `%uhhhh` of Windows, or a character in more bytes of
 * UTF-8 than it needs.
 */
function slashes(at: usize, length: i32): i32 {
  let count = 0;
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(at + <usize>i);
    if (byte == 0x5c) return -1;
    if (i + 1 < length) {
      const next = load<u8>(at + <usize>i + 1);
      if ((byte == 0xc0 || byte == 0xc1) && next >= 0x80 && next < 0xc0) return -1;
      if (byte == 0x25 && (next | 0x20) == 0x75 && isFourHex(at, i + 2, length)) return -1;
    }
    if (byte == SLASH) count++;
  }
  return count;
}

function isFourHex(at: usize, start: i32, length: i32): bool {
  if (start + 4 > length) return false;
  for (let i = start; i < start + 4; i++) if (hexadecimalDigit(load<u8>(at + <usize>i)) < 0) return false;
  return true;
}

/** Where `#`, `?`, NUL or another control character would end it: to many a regular expression `^/a$` is true of `/a%0a`. */
function endOf(at: usize, length: i32): i32 {
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(at + <usize>i);
    if (byte == 0x23 || byte == 0x3f || byte < 0x20 || byte == 0x7f) return i;
  }
  return length;
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
export function unescape(at: usize, length: i32): i32 {
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

/** Keeps, in place, the segments that are some; gives the new length, or -1 where one climbs. What is written is never ahead of what is read. */
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
    if (size == 2 && load<u8>(at + <usize>start) == DOT && load<u8>(at + <usize>start + 1) == DOT) return -1;
    if (size == 0 || (size == 1 && load<u8>(at + <usize>start) == DOT)) {
      // A directory keeps its slash: /a/. is /a/
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
