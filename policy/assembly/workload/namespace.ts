import { Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";

const NAMESPACE: Bytes = Bytes.of("/ns/");
const SLASH: u8 = 0x2f;

/** The namespace in a SPIFFE id, `spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT`; empty when it names none. */
export function namespaceOf(principal: Bytes): Bytes {
  for (let slash = principal.indexOf(SLASH); slash >= 0; slash = principal.indexOf(SLASH, slash + 1)) {
    if (!principal.slice(slash).startsWith(NAMESPACE)) continue;
    const begin = slash + NAMESPACE.length;
    const end = principal.indexOf(SLASH, begin);
    return principal.slice(begin, end < 0 ? principal.length : end);
  }
  return EMPTY;
}
