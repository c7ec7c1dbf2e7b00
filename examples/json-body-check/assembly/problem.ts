import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** A key of the client's may stand in the detail, and be as long as a body. */
const LONGEST_DETAIL = 300;

/** The body of an answer of type application/problem+json (RFC 9457). */
export function problem(status: u32, title: string, detail: string): Bytes {
  if (detail.length > LONGEST_DETAIL) detail = detail.slice(0, LONGEST_DETAIL) + "...";
  return Bytes.of('{"title":' + quoted(title) + ',"status":' + status.toString() + ',"detail":' + quoted(detail) + "}\n");
}

/** As a JSON string. */
function quoted(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) out += "\\" + text.charAt(i);
    else if (c < 0x20 || isHalf(text, i)) out += "\\u" + c.toString(16).padStart(4, "0");
    else out += text.charAt(i);
  }
  return out + '"';
}

/** Half of a surrogate pair, whose other half was cut off: UTF-8 has no bytes for it. */
function isHalf(text: string, index: i32): bool {
  return (text.charCodeAt(index) & 0xfc00) == 0xd800 && index + 1 < text.length && (text.charCodeAt(index + 1) & 0xfc00) != 0xdc00;
}
