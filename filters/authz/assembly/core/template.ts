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
 */
export function templateMatches(template: usize, length: i32, path: Bytes): Answer {
  let at = 0;
  let odd = false;
  for (let i = 0; i < length;) {
    const byte = load<u8>(template + <usize>i);
    if (byte != OPEN) {
      if (path.at(at) != byte) return Answer.No;
      at++;
      i++;
      continue;
    }
    if (i + 3 < length && load<u8>(template + <usize>i + 2) == STAR) return rest(template + <usize>i + 4, length - i - 4, path, at, odd);
    const start = at;
    for (; at < path.length && path.at(at) != SLASH; at++) odd = odd || !isPathByte(<u8>path.at(at));
    if (at == start) return Answer.No;
    i += 3;
  }
  return at != path.length ? Answer.No : odd ? Answer.Unknown : Answer.Yes;
}

/** `{**}` from `at` on, then a literal. */
function rest(literal: usize, length: i32, path: Bytes, at: i32, odd: bool): Answer {
  const end = path.length - length;
  if (end < at || memory.compare(path.ptr + <usize>end, literal, length) != 0) return Answer.No;
  for (let i = at; i < end; i++) odd = odd || (path.at(i) != SLASH && !isPathByte(<u8>path.at(i)));
  return odd ? Answer.Unknown : Answer.Yes;
}

/** What `{*}` takes: RFC 3986's pchar. */
export function isPathByte(byte: u8): bool {
  if (byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26) return true;
  return PATH_BYTES.includes(String.fromCharCode(byte));
}

const PATH_BYTES: string = "-._~%!$&'()*+,;=:@";
