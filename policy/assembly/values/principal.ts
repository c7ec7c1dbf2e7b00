import { Bytes, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value } from "../value";

const URI_SAN: PropertyPath = PropertyPath.of("connection.uri_san_peer_certificate");
const SPIFFE: Bytes = Bytes.of("spiffe://");

/** The peer's SPIFFE identity without `spiffe://`, as Istio writes principals; absent when its certificate, if any, has none. */
export class PrincipalValue extends Value {
  get asksHost(): bool {
    return true;
  }

  at(from: Attributes, index: i32): Bytes | null {
    const uri = index == 0 ? from.property(URI_SAN) : null;
    if (uri === null || !uri.startsWith(SPIFFE) || uri.length == SPIFFE.length) return null;
    return uri.slice(SPIFFE.length);
  }
}
