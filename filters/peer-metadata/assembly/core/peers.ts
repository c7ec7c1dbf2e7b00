import { Bytes, SipHash } from "proxy-wasm-assemblyscript-sdk";

const SETS: i32 = 16;
const WAYS: i32 = 16;
/** Bytes of a header and what it says; of more, nothing is kept, so that 256 peers that mean harm have two thirds of a megabyte. */
const MOST: i32 = 2_560;

/**
 * The peers that were read, by the bytes of their headers: who calls again is not decoded again. A peer chooses its header, so its place is chosen by
 * a keyed hash; 256 places, and the oldest of its set makes room.
 */
export class Peers {
  /** Hashes first: headers of one mesh begin alike, and comparing them to where they differ is dear. */
  private readonly hashes: StaticArray<u64> = new StaticArray<u64>(SETS * WAYS);
  private readonly headers: StaticArray<Bytes | null> = new StaticArray<Bytes | null>(SETS * WAYS);
  private readonly records: StaticArray<Bytes | null> = new StaticArray<Bytes | null>(SETS * WAYS);
  /** By set: which way makes room next. */
  private readonly oldest: StaticArray<u8> = new StaticArray<u8>(SETS);

  constructor(private readonly hasher: SipHash) {}

  /** What was put there for this header; null when nothing is. */
  find(header: Bytes): Bytes | null {
    if (header.length > MOST) return null;
    const hash = this.hasher.hash(header);
    const first = firstOf(hash);
    for (let at = first; at < first + WAYS; at++) {
      if (this.hashes[at] != hash) continue;
      const known = this.headers[at];
      if (known !== null && known.equals(header)) return this.records[at];
    }
    return null;
  }

  /** Keeps a header and what it says. */
  add(header: Bytes, record: Bytes): void {
    if (header.length + record.length > MOST) return;
    const hash = this.hasher.hash(header);
    const first = firstOf(hash);
    const set = first / WAYS;
    const at = first + this.oldest[set];
    this.oldest[set] = (this.oldest[set] + 1) % <u8>WAYS;
    this.hashes[at] = hash;
    this.headers[at] = header.copy();
    this.records[at] = record.copy();
  }
}

/** The first place of a header's set. */
function firstOf(hash: u64): i32 {
  return <i32>(hash & (SETS - 1)) * WAYS;
}
