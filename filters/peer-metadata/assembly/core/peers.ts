import { Bytes, SipHash } from "proxy-wasm-assemblyscript-sdk";

const SETS: i32 = 64;
const WAYS: i32 = 4;
/** Bytes of a header and what it says; of more, nothing is kept, so that 256 peers that mean harm have two thirds of a megabyte. */
const MOST: i32 = 2_560;

/**
 * The peers that were read, by the bytes of their headers: who calls again is not decoded again. A peer chooses its header, so its place is chosen by
 * a keyed hash; 256 places, and the oldest of its set makes room.
 */
export class Peers {
  private readonly headers: StaticArray<Bytes | null> = new StaticArray<Bytes | null>(SETS * WAYS);
  private readonly records: StaticArray<Bytes | null> = new StaticArray<Bytes | null>(SETS * WAYS);
  /** By set: which way makes room next. */
  private readonly oldest: StaticArray<u8> = new StaticArray<u8>(SETS);

  constructor(private readonly hasher: SipHash) {}

  /** What was put there for this header; null when nothing is. */
  find(header: Bytes): Bytes | null {
    if (header.length > MOST) return null;
    const set = this.setOf(header);
    for (let way = 0; way < WAYS; way++) {
      const known = this.headers[set * WAYS + way];
      if (known !== null && known.equals(header)) return this.records[set * WAYS + way];
    }
    return null;
  }

  /** Keeps a header and what it says. */
  add(header: Bytes, record: Bytes): void {
    if (header.length + record.length > MOST) return;
    const set = this.setOf(header);
    const way = this.oldest[set];
    this.oldest[set] = (way + 1) % <u8>WAYS;
    this.headers[set * WAYS + way] = header.copy();
    this.records[set * WAYS + way] = record.copy();
  }

  private setOf(header: Bytes): i32 {
    return <i32>(this.hasher.hash(header) & (SETS - 1));
  }
}
