import { Bytes } from "./bytes";

/**
 * SipHash-2-4: a keyed 64-bit hash for tables whose keys strangers choose. Without the key nobody finds keys that collide.
 * https://www.aumasson.jp/siphash/siphash.pdf
 */
export class SipHash {
  /** The key: 128 bits, of `randomBytes` or agreed upon by all who share a table. */
  constructor(
    private readonly k0: u64,
    private readonly k1: u64,
  ) {}

  hash(bytes: Bytes): u64 {
    bytes._fresh();
    let v0 = this.k0 ^ 0x736f6d6570736575;
    let v1 = this.k1 ^ 0x646f72616e646f6d;
    let v2 = this.k0 ^ 0x6c7967656e657261;
    let v3 = this.k1 ^ 0x7465646279746573;
    let at = bytes.ptr;
    const length = <usize>bytes.length;
    const end = at + length;
    const words = <i32>(length >> 3) + 1;
    // Two rounds for each word, the last with the length on top; four more are two words of 0. In one loop all stays in locals.
    for (let i = 0; i < words + 2; i++, at += 8) {
      let word: u64 = 0;
      if (at + 8 <= end) word = load<u64>(at);
      else if (i < words) word = rest(at, end) | ((<u64>(length & 0xff)) << 56);
      else if (i == words) v2 ^= 0xff;
      v3 ^= word;
      for (let round = 0; round < 2; round++) {
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
      }
      v0 ^= word;
    }
    return v0 ^ v1 ^ v2 ^ v3;
  }
}

/** Fewer than eight bytes, the first one lowest. */
function rest(at: usize, end: usize): u64 {
  let word: u64 = 0;
  while (end > at) word = (word << 8) | (<u64>load<u8>(--end));
  return word;
}
