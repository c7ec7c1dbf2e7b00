import { ArenaBuffer, Bytes, SipHash } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, hasherOf, Value } from "../../../policy";

/** Says which number a request has in a split of routes: the same for the same user, on every proxy. */
export class Split {
  private readonly hasher: SipHash;
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param name empty: of routes that name none */
  constructor(
    readonly name: Bytes,
    seed: Bytes,
    private readonly unit: Value,
  ) {
    this.hasher = hasherOf(seed);
  }

  /** A number of 64 bits in decimal digits, borrowed; null where nobody is known who would stick. */
  numberOf(request: Attributes): Bytes | null {
    const unit = this.unit.unique(request);
    if (unit === null || unit.length == 0) return null;
    this.text.clear();
    this.text.pushDecimal(this.hasher.hash(unit));
    return this.text.ok ? this.text.bytes() : null;
  }
}
