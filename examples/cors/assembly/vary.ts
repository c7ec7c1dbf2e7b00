import { Bytes, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";

const COMMA: u8 = 0x2c;
const ANYTHING = Bytes.of("*");

/** True when the lists in the headers of this name hold the token, in any case, or `*`, which is all of them. */
export function hasToken(headers: Headers, name: HeaderName, token: Bytes): bool {
  for (let i = headers.indexOf(name); i >= 0; i = headers.indexOf(name, i + 1)) {
    const list = headers.valueAt(i);
    if (list === null) continue;
    for (let start = 0; start <= list.length;) {
      const comma = list.indexOf(COMMA, start);
      const end = comma < 0 ? list.length : comma;
      const item = list.slice(start, end).trim();
      if (item.equalsIgnoreCase(token) || item.equals(ANYTHING)) return true;
      start = end + 1;
    }
  }
  return false;
}
