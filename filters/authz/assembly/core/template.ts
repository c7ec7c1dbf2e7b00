import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Answer } from "./answer";

const OPEN: u8 = 0x7b;
const STAR: u8 = 0x2a;
const SLASH: u8 = 0x2f;

/**
 * Does the path match a template, in which `{*}` is a segment that is not empty and `{**}` any number of segments? Work is linear.
 *
 * Envoy's operators take RFC 3986's path characters only. A path that would match but for another character is `Unknown`: with `matching: strict`
 * it is no ALLOW, and no way around a DENY (as CVE-2025-46821 was with `*`).
 *
 * @param tail how many bytes stand behind the last operator
 * @param raw the path is as it came: in one that was decoded, any byte may have been an escape
 */
export function templateMatches(template: usize, length: i32, tail: i32, path: Bytes, raw: bool): Answer {
  // A path may have 60,000 bytes, and all of a thousand templates but one another end.
  const size = path.length;
  if (tail > size || memory.compare(path.ptr + <usize>(size - tail), template + <usize>(length - tail), tail) != 0) return Answer.No;
  let at = 0;
  let odd = false;
  for (let i = 0; i < length;) {
    const byte = load<u8>(template + <usize>i);
    // A brace alone is what an escape of the policy stands for.
    if (byte != OPEN || i + 1 == length || load<u8>(template + <usize>i + 1) != STAR) {
      if (path.at(at) != byte) return Answer.No;
      at++;
      i++;
      continue;
    }
    if (i + 3 < length && load<u8>(template + <usize>i + 2) == STAR)
      return rest(template + <usize>i + 4, length - i - 4, path, at, odd, raw);
    const start = at;
    for (; at < path.length && path.at(at) != SLASH; at++) odd = odd || (raw && !isPathByte(<u8>path.at(at)));
    if (at == start) return Answer.No;
    i += 3;
  }
  return at != path.length ? Answer.No : odd ? Answer.Unknown : Answer.Yes;
}

/** `{**}` from `at` on, then a literal. */
function rest(literal: usize, length: i32, path: Bytes, at: i32, odd: bool, raw: bool): Answer {
  const end = path.length - length;
  if (end < at || memory.compare(path.ptr + <usize>end, literal, length) != 0) return Answer.No;
  for (let i = at; i < end; i++) odd = odd || (raw && path.at(i) != SLASH && !isPathByte(<u8>path.at(i)));
  return odd ? Answer.Unknown : Answer.Yes;
}

/** What `{*}` takes: RFC 3986's pchar. */
export function isPathByte(byte: u8): bool {
  const bit: u64 = byte & 63;
  return byte < 128 && (((byte < 64 ? LOW : HIGH) >> bit) & 1) != 0;
}

/** A bit for each byte of letters, digits and -._~%!$&'()*+,;=:@ : a path may have 60,000 of them, and policies a thousand templates. */
const LOW: u64 = 0x2fff7ff200000000;
const HIGH: u64 = 0x47fffffe87ffffff;
