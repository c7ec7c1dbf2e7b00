import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Cidr } from "./cidr";
import { IpAddress } from "./ip";
import { Regex } from "./regex/regex";

/** A test of one value. */
export abstract class Test {
  abstract passes(value: Bytes): bool;
}

export enum Comparison {
  Whole = 0,
  Prefix = 1,
  Suffix = 2,
}

/** The value, or how it begins or ends, is one of some texts. */
export class TextTest extends Test {
  constructor(
    readonly comparison: Comparison,
    readonly texts: Bytes[],
  ) {
    super();
  }

  passes(value: Bytes): bool {
    for (let i = 0; i < this.texts.length; i++) {
      const text = this.texts[i];
      if (this.comparison == Comparison.Prefix) {
        if (value.startsWith(text)) return true;
      } else if (this.comparison == Comparison.Suffix) {
        if (value.endsWith(text)) return true;
      } else if (value.equals(text)) return true;
    }
    return false;
  }
}

/** The whole value matches a pattern. */
export class RegexTest extends Test {
  constructor(private regex: Regex) {
    super();
  }

  passes(value: Bytes): bool {
    return this.regex.matches(value);
  }
}

/** The value is an address in one of some networks; a value that is no address is in none. */
export class CidrTest extends Test {
  private readonly address: IpAddress = new IpAddress();

  constructor(private networks: Cidr[]) {
    super();
  }

  passes(value: Bytes): bool {
    if (!this.address.parse(value)) return false;
    for (let i = 0; i < this.networks.length; i++) {
      if (this.networks[i].contains(this.address)) return true;
    }
    return false;
  }
}
