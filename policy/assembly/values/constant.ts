import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value } from "../value";

/** What the configuration says, whatever the request. */
export class ConstantValue extends Value {
  constructor(private text: Bytes) {
    super();
  }

  at(from: Attributes, index: i32): Bytes | null {
    return index == 0 ? this.text : null;
  }
}
