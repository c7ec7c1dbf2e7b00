import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
/** What a byte may become: `\u00hh`. A byte that is no UTF-8 becomes the three of U+FFFD. */
const WIDEST: i32 = 6;

/** Appends a JSON string of any bytes: at most `most` of them, cut between characters; what is not UTF-8 stands as U+FFFD, byte by byte. */
export function pushQuoted(into: ArenaBuffer, value: Bytes, most: i32): void {
  const cut = value.length > most;
  const length = cut ? most : value.length;
  const start = into.length;
  const room = into.reserve(length * WIDEST + 2);
  if (room == 0) return;
  let to = room;
  store<u8>(to++, QUOTE);
  let at = value.ptr;
  const end = at + <usize>length;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte >= 0x80) {
      const width = sequence(at, <i32>(value.ptr + <usize>value.length - at));
      if (width == 0) {
        store<u16>(to, 0xbfef);
        store<u8>(to, 0xbd, 2);
        to += 3;
        at++;
        continue;
      }
      if (at + <usize>width > end) break; // a character that the bound cuts in two
      memory.copy(to, at, width);
      to += <usize>width;
      at += <usize>width;
      continue;
    }
    at++;
    if (byte == QUOTE || byte == BACKSLASH) store<u8>(to++, BACKSLASH);
    else if (byte < 0x20) {
      store<u32>(to, 0x3030755c);
      store<u8>(to, 0x30 + (byte >> 4), 4);
      store<u8>(to, digit(byte & 15), 5);
      to += 6;
      continue;
    }
    store<u8>(to++, byte);
  }
  store<u8>(to++, QUOTE);
  into.length = start + <i32>(to - room);
}

/** Bytes of the UTF-8 character of two or more that begins here; 0 when none does (Unicode 16, table 3-7). */
function sequence(at: usize, left: i32): i32 {
  const first = load<u8>(at);
  const width = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (width == 0 || width > left) return 0;
  const second = load<u8>(at, 1);
  const least: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const most: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (let i = 2; i < width; i++) {
    if ((load<u8>(at + <usize>i) & 0xc0) != 0x80) return 0;
  }
  return width;
}

// @ts-ignore: decorator
@inline function digit(value: u8): u8 {
  return value < 10 ? 0x30 + value : 0x57 + value;
}
