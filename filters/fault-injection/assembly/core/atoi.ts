import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** What `atoi` found. */
export let found: u64 = 0;

/**
 * A whole number as absl::SimpleAtoi, by which Envoy reads its fault headers, takes it for an unsigned one: white space at both ends and a plus are
 * allowed, a minus is not, not even before 0. False when it is none or more than `most`.
 */
export function atoi(text: Bytes, most: u64): bool {
  let at = 0;
  let end = text.length;
  while (at < end && isSpace(text.at(at))) at++;
  while (end > at && isSpace(text.at(end - 1))) end--;
  if (at < end && text.at(at) == 0x2b) at++;
  if (at == end) return false;
  let value: u64 = 0;
  for (; at < end; at++) {
    const digit = <u64>(text.at(at) - 0x30);
    if (digit > 9 || value > (most - digit) / 10 || digit > most) return false;
    value = value * 10 + digit;
  }
  found = value;
  return true;
}

function isSpace(byte: i32): bool {
  return byte == 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
