import { Bytes, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value } from "../value";

/** A claim of the token that Envoy's jwt_authn has verified (`payload_in_metadata: payload`). */
export class ClaimValue extends Value {
  private readonly path: PropertyPath;

  /** @param names of the nested objects and the claim; dots in them are kept */
  constructor(names: string[]) {
    super();
    let path = PropertyPath.of("metadata.filter_metadata").then("envoy.filters.http.jwt_authn").then("payload");
    for (let i = 0; i < names.length; i++) path = path.then(names[i]);
    this.path = path;
  }

  at(from: Attributes, index: i32): Bytes | null {
    return index == 0 ? from.property(this.path) : null;
  }
}

/** A claim's name is a part of a property's path, in which control characters have a meaning of their own. */
export function isClaimName(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    if (unit < 0x20 || (unit > 0x7e && unit < 0xa0)) return false;
  }
  return name.length > 0;
}
