import { Bytes, randomBytes } from "proxy-wasm-assemblyscript-sdk";

const WHOLE: u64 = 1_000_000_000;

/** A part of all requests: by a key, the same ones each time, or by chance. */
export class Share {
  private random: StaticArray<u32> = new StaticArray<u32>(1);

  /**
   * @param part of 1,000,000,000
   * @param seed another one picks other keys, so that two canaries do not get the same users
   */
  constructor(
    private part: u64,
    private seed: u32,
  ) {}

  hasKey(key: Bytes): bool {
    return this.has(mixed(key.hash() ^ this.seed));
  }

  /** Without random numbers from the host: nobody. */
  hasChance(): bool {
    return randomBytes(changetype<usize>(this.random), 4) && this.has(this.random[0]);
  }

  /** A higher share has all points of a lower one: who is in stays in when it grows. */
  private has(point: u32): bool {
    return (<u64>point * WHOLE) >> 32 < this.part;
  }
}

/** MurmurHash3's finish: FNV alone leaves the upper bits of similar keys alike. */
function mixed(hash: u32): u32 {
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
  return hash ^ (hash >>> 16);
}
