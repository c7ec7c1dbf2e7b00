import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, PrincipalValue } from "../../../policy";

const STAR: u8 = 0x2a;
const PRINCIPAL: PrincipalValue = new PrincipalValue();

/** A SPIFFE identity without `spiffe://`, or its beginning or end: `cluster.local/ns/test/*`. */
export class PrincipalPattern {
  private readonly text: Bytes;
  private readonly begins: bool;
  private readonly ends: bool;

  constructor(pattern: Bytes) {
    const last = pattern.length - 1;
    const begins = last >= 0 && pattern.at(last) == STAR;
    const ends = !begins && pattern.at(0) == STAR;
    this.text = begins ? pattern.slice(0, last) : ends ? pattern.slice(1) : pattern;
    this.begins = begins;
    this.ends = ends;
  }

  /** Whether the caller's certificate has an identity that one of them is about. */
  static any(patterns: PrincipalPattern[], from: Attributes): bool {
    const principal = PRINCIPAL.at(from, 0);
    if (principal === null) return false;
    for (let i = 0; i < patterns.length; i++) if (patterns[i].matches(principal)) return true;
    return false;
  }

  private matches(principal: Bytes): bool {
    if (this.begins) return principal.startsWith(this.text);
    return this.ends ? principal.endsWith(this.text) : principal.equals(this.text);
  }
}
