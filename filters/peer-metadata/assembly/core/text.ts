import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { isUtf8 } from "proxy-wasm-assemblyscript-sdk/assembly/bytes";

/** Kubernetes allows a name 253 bytes and a label 63. */
export const LONGEST: i32 = 256;

/** The text, or none when it is nothing to show: too long, no UTF-8, or with a control character, which could end a field or a line of a log. */
export function textOf(value: Bytes): Bytes {
  return isText(value) ? value : EMPTY;
}

export function isText(value: Bytes): bool {
  if (value.length > LONGEST || !isUtf8(value.ptr, value.length)) return false;
  for (let i = 0; i < value.length; i++) {
    const byte = value.at(i);
    if (byte < 0x20 || byte == 0x7f) return false;
    // U+0080 to U+009F.
    if (byte == 0xc2 && value.at(i + 1) < 0xa0) return false;
  }
  return true;
}
