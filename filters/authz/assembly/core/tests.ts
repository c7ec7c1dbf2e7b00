import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** What a value of the policy asks of a value of the request. */
export enum Asks {
  Exact = 0,
  Prefix = 1,
  /** `extra` is how many bytes must be in front. */
  Suffix = 2,
  /** `*` of a header: it is there, and may be empty. */
  Present = 3,
  /** `*` of anything else: RE2's `.+`. */
  NonEmpty = 4,
  /** A network, as `familyOf` and 16 bytes; `extra` is the number of its bits that count, of 136. */
  Cidr = 5,
  /** A path with `{*}` or `{**}`. */
  Template = 6,
  Contains = 7,
  /** `*` stands for any bytes. */
  Glob = 8,
  /** The trust domain of a SPIFFE id, where `*` stands for any bytes. */
  TrustDomain = 9,
  /** `/ns/NAMESPACE/sa/ACCOUNT`; `extra` is the length of `/ns/NAMESPACE/`. */
  ServiceAccount = 10,
}

/** Or-ed into `Asks`: for values that stand alone, or that are in a list. */
export const ONLY_ALONE: i32 = 0x100;
export const ONLY_LISTED: i32 = 0x200;

/** One value of a policy, before it is laid out flat. */
export class TestSpec {
  constructor(
    /** Of `Asks`, perhaps with one of the flags. */
    readonly asks: i32,
    readonly text: Bytes,
    readonly extra: i32 = 0,
  ) {}

  /** The same, for values that stand alone or for those of a list. */
  only(flag: i32): TestSpec {
    return new TestSpec(this.asks | flag, this.text, this.extra);
  }
}
