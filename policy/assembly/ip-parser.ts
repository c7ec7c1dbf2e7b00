import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { hexadecimalDigit, isDigit, isWord } from "./ascii";

/**
 * Reads an IPv4 or IPv6 address into the 16 bytes at `to`, IPv4 as IPv4-mapped. Strict, as inet_pton is: no leading zeros in IPv4, at
 * most four digits in a group of IPv6, one `::` that stands for at least one group.
 *
 * @param port take `1.2.3.4:80`, `[::1]:80`, `[::1]` and a zone (`fe80::1%eth0`), too
 */
export function parseIp(text: Bytes, port: bool, to: usize): bool {
  let start = 0;
  let end = text.length;
  if (port) {
    if (text.at(0) == 0x5b) {
      const close = text.indexOf(0x5d);
      if (close < 0 || (close + 1 < end && (text.at(close + 1) != 0x3a || !isPort(text, close + 2)))) return false;
      start = 1;
      end = close;
    } else {
      const colon = text.indexOf(0x3a);
      if (colon >= 0 && text.indexOf(0x2e) >= 0 && text.indexOf(0x2e) < colon) {
        if (!isPort(text, colon + 1)) return false;
        end = colon;
      }
    }
    const zone = text.indexOf(0x25, start);
    if (zone >= 0 && zone < end) {
      if (!isZone(text, zone + 1, end)) return false;
      return parseV6(text, start, zone, to);
    }
    // Brackets are for IPv6 only.
    if (start > 0) return parseV6(text, start, end, to);
  }
  const colon = text.indexOf(0x3a, start);
  if (colon >= 0 && colon < end) return parseV6(text, start, end, to);
  store<u64>(to, 0);
  store<u32>(to, 0xffff0000, 8);
  return parseV4(text, start, end, to + 12);
}

function parseV4(text: Bytes, start: i32, end: i32, to: usize): bool {
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= end || text.at(at++) != 0x2e)) return false;
    const first = at;
    let value = 0;
    while (at < end && at - first < 3 && isDigit(text.at(at))) value = value * 10 + (text.at(at++) - 0x30);
    if (at == first || value > 255 || (at - first > 1 && text.at(first) == 0x30)) return false;
    store<u8>(to + <usize>part, <u8>value);
  }
  return at == end;
}

function parseV6(text: Bytes, start: i32, end: i32, to: usize): bool {
  let written = 0;
  let gap = -1;
  let at = start;
  if (end - start >= 2 && text.at(start) == 0x3a && text.at(start + 1) == 0x3a) {
    gap = 0;
    at += 2;
  }
  if (at >= end && gap < 0) return false;
  while (at < end) {
    const first = at;
    let group = 0;
    while (at < end && at - first < 4 && hexadecimalDigit(text.at(at)) >= 0) group = (group << 4) | hexadecimalDigit(text.at(at++));
    if (at < end && text.at(at) == 0x2e) {
      if (written > 12 || !parseV4(text, first, end, to + <usize>written)) return false;
      written += 4;
      break;
    }
    if (at == first || written > 14) return false;
    store<u8>(to + <usize>written, <u8>(group >> 8));
    store<u8>(to + <usize>written + 1, <u8>group);
    written += 2;
    if (at == end) break;
    if (text.at(at++) != 0x3a || at == end) return false;
    if (text.at(at) != 0x3a) continue;
    if (gap >= 0) return false;
    gap = written;
    at++;
  }
  if (gap < 0) return written == 16;
  if (written == 16) return false;
  const tail = written - gap;
  memory.copy(to + <usize>(16 - tail), to + <usize>gap, <usize>tail);
  memory.fill(to + <usize>gap, 0, <usize>(16 - written));
  return true;
}

function isPort(text: Bytes, start: i32): bool {
  let value = 0;
  if (start >= text.length || text.length - start > 5) return false;
  for (let i = start; i < text.length; i++) {
    if (!isDigit(text.at(i))) return false;
    value = value * 10 + (text.at(i) - 0x30);
  }
  return value <= 0xffff;
}

function isZone(text: Bytes, start: i32, end: i32): bool {
  for (let i = start; i < end; i++) {
    const byte = text.at(i);
    if (!isWord(byte) && byte != 0x2d && byte != 0x2e) return false;
  }
  return start < end;
}
