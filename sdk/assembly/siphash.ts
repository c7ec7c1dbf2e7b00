import { Bytes } from "./bytes";

/**
 * SipHash-2-4: a keyed 64-bit hash for tables whose keys strangers choose. Without the key nobody finds keys that collide.
 * https://www.aumasson.jp/siphash/siphash.pdf
 */
export class SipHash {
  private v0: u64 = 0;
  private v1: u64 = 0;
  private v2: u64 = 0;
  private v3: u64 = 0;

  /** The key: 128 bits, of `randomBytes` or agreed upon by all who share a table. */
  constructor(
    private readonly k0: u64,
    private readonly k1: u64,
  ) {}

  hash(bytes: Bytes): u64 {
    bytes._fresh();
    this.v0 = this.k0 ^ 0x736f6d6570736575;
    this.v1 = this.k1 ^ 0x646f72616e646f6d;
    this.v2 = this.k0 ^ 0x6c7967656e657261;
    this.v3 = this.k1 ^ 0x7465646279746573;
    const length = <usize>bytes.length;
    const whole = length & ~7;
    for (let at: usize = 0; at < whole; at += 8) this.absorb(load<u64>(bytes.ptr + at));
    let last = (<u64>(length & 0xff)) << 56;
    for (let at = whole; at < length; at++) last |= (<u64>load<u8>(bytes.ptr + at)) << ((at - whole) << 3);
    this.absorb(last);
    this.v2 ^= 0xff;
    for (let i = 0; i < 4; i++) this.round();
    return this.v0 ^ this.v1 ^ this.v2 ^ this.v3;
  }

  // @ts-ignore: decorator
  @inline private absorb(word: u64): void {
    this.v3 ^= word;
    this.round();
    this.round();
    this.v0 ^= word;
  }

  private round(): void {
    let v0 = this.v0;
    let v1 = this.v1;
    let v2 = this.v2;
    let v3 = this.v3;
    v0 += v1;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v0 = rotl<u64>(v0, 32);
    v2 += v3;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}
