import { decodeBase64 } from "../base64";
import { Bytes } from "../bytes";
import { allocate } from "../memory/arena";

const BEGIN: Bytes = Bytes.of("-----BEGIN ");
const END: Bytes = Bytes.of("\n-----END ");

/**
 * The bytes within the first block of a PEM file (RFC 7468), borrowed; null when there is none, or its base64 is broken. Labels are not compared.
 */
export function derOfPem(text: Bytes): Bytes | null {
  if (!text.startsWith(BEGIN)) return null;
  const from = text.indexOf(0x0a);
  const end = from < 0 ? -1 : find(text, END, from);
  if (end < 0) return null;
  const to = allocate(<usize>max(8, end - from));
  if (to == 0) return null;
  let length = 0;
  for (let i = from; i < end; i++) {
    const c = text.at(i);
    if (c == 0x0a || c == 0x0d || c == 0x20 || c == 0x09) continue;
    store<u8>(to + <usize>length, <u8>c);
    length++;
  }
  return decodeBase64(Bytes.borrow(to, length));
}

/** Where a line end begins what follows it; -1 when it does nowhere. */
function find(text: Bytes, what: Bytes, from: i32): i32 {
  for (let i = text.indexOf(0x0a, from); i >= 0; i = text.indexOf(0x0a, i + 1)) {
    if (text.slice(i).startsWith(what)) return i;
  }
  return -1;
}
