import { ArenaBuffer, Bytes, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value } from "../value";

/** Text that Envoy knows by a name. Where Envoy has nothing to say, some answer with no text: that is absent, too. */
export class PropertyValue extends Value {
  constructor(private path: PropertyPath) {
    super();
  }

  get asksHost(): bool {
    return true;
  }

  at(from: Attributes, index: i32): Bytes | null {
    const text = index == 0 ? from.property(this.path) : null;
    return text !== null && text.length > 0 ? text : null;
  }
}

/** A whole number that Envoy knows by a name, in decimal. */
export class IntegerValue extends Value {
  private readonly text: ArenaBuffer = new ArenaBuffer();

  constructor(private path: PropertyPath) {
    super();
  }

  get asksHost(): bool {
    return true;
  }

  at(from: Attributes, index: i32): Bytes | null {
    const raw = index == 0 ? from.property(this.path) : null;
    if (raw === null || raw.length != 8) return null;
    const value = load<i64>(raw.ptr);
    const text = this.text;
    text.clear();
    if (value < 0) text.pushByte(0x2d);
    text.pushDecimal(value < 0 ? -(<u64>value) : <u64>value);
    return text.ok ? text.bytes() : null;
  }
}
