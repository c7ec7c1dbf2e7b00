import { ArenaBuffer, Bytes, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value } from "../value";

/** Text that Envoy knows by a name. Where Envoy has nothing to say, some answer with no text: that is absent, too. */
export class PropertyValue extends Value {
  constructor(private path: PropertyPath) {
    super();
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

  at(from: Attributes, index: i32): Bytes | null {
    const raw = index == 0 ? from.property(this.path) : null;
    if (raw === null || raw.length != 8) return null;
    const value = load<i64>(raw.ptr);
    let rest = value < 0 ? -(<u64>value) : <u64>value;
    let length = value < 0 ? 2 : 1;
    for (let left = rest / 10; left > 0; left /= 10) length++;
    this.text.clear();
    const at = this.text.reserve(length);
    if (at == 0) return null;
    store<u8>(at, 0x2d);
    do {
      store<u8>(at + <usize>--length, <u8>(0x30 + (rest % 10)));
      rest /= 10;
    } while (rest > 0);
    return this.text.bytes();
  }
}
