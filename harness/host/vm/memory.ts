import type { HeaderPairs } from "../../upstreams/types.ts";

/** Limits of what a module may send as one block of pairs: one more and Envoy takes the block as empty (proxy-wasm-cpp-host, limits.h). */
const MAX_PAIRS = 1024;
const MAX_BLOCK = 1 << 20;

/** A module's linear memory. Texts are latin1: one character per byte, nothing lost. Addresses outside give undefined or false. */
export class GuestMemory {
  private buffer: ArrayBuffer;
  private bytes: Buffer;
  private view: DataView;

  constructor(private readonly memory: { readonly buffer: ArrayBuffer }) {
    this.buffer = memory.buffer;
    this.bytes = Buffer.from(this.buffer);
    this.view = new DataView(this.buffer);
  }

  get size(): number {
    return this.memory.buffer.byteLength;
  }

  /** A copy. */
  read(at: number, length: number): Buffer | undefined {
    return this.has(at, length) ? Buffer.from(this.bytes.subarray(at >>> 0, (at >>> 0) + (length >>> 0))) : undefined;
  }

  text(at: number, length: number): string | undefined {
    if (!this.has(at, length)) return undefined;
    return this.bytes.toString("latin1", at >>> 0, (at >>> 0) + (length >>> 0));
  }

  write(at: number, bytes: Uint8Array): boolean {
    if (!this.has(at, bytes.length)) return false;
    this.bytes.set(bytes, at >>> 0);
    return true;
  }

  writeText(at: number, text: string): boolean {
    if (!this.has(at, text.length)) return false;
    this.bytes.write(text, at >>> 0, text.length, "latin1");
    return true;
  }

  u32(at: number): number | undefined {
    return this.has(at, 4) ? this.view.getUint32(at >>> 0, true) : undefined;
  }

  setU32(at: number, value: number): boolean {
    if (!this.has(at, 4)) return false;
    this.view.setUint32(at >>> 0, value, true);
    return true;
  }

  setU64(at: number, value: bigint): boolean {
    if (!this.has(at, 8)) return false;
    this.view.setBigUint64(at >>> 0, value, true);
    return true;
  }

  /** A block of pairs from the module; undefined only for an address outside. A block that is malformed or too large is an empty one. */
  pairs(at: number, length: number): HeaderPairs | undefined {
    if (!this.has(at, length)) return undefined;
    return parsePairs(this.bytes.subarray(at >>> 0, (at >>> 0) + (length >>> 0)));
  }

  private has(at: number, length: number): boolean {
    // A module that grew its memory has a new buffer.
    if (this.buffer.byteLength === 0 || this.buffer !== this.memory.buffer) {
      this.buffer = this.memory.buffer;
      this.bytes = Buffer.from(this.buffer);
      this.view = new DataView(this.buffer);
    }
    return (at >>> 0) + (length >>> 0) <= this.buffer.byteLength;
  }
}

/** count, then the lengths of all names and values, then each with a NUL behind it. */
export function parsePairs(block: Buffer): HeaderPairs {
  if (block.length > MAX_BLOCK || block.length < 4) return [];
  const count = block.readUInt32LE(0);
  if (count > MAX_PAIRS || 4 + 8 * count > block.length) return [];
  const pairs: HeaderPairs = [];
  let at = 4 + 8 * count;
  for (let i = 0; i < count; i++) {
    const texts: string[] = [];
    for (const length of [block.readUInt32LE(4 + 8 * i), block.readUInt32LE(8 + 8 * i)]) {
      if (at + length + 1 > block.length || block[at + length] !== 0) return [];
      texts.push(block.toString("latin1", at, at + length));
      at += length + 1;
    }
    pairs.push([texts[0] as string, texts[1] as string]);
  }
  return at === block.length ? pairs : [];
}

/** The bytes that a block of pairs takes. */
export function pairsSize(count: number, bytes: number): number {
  return 4 + count * 10 + bytes;
}

/** A block of pairs as the host sends it. */
export function encodePairs(pairs: Iterable<readonly [string, string]>): Buffer {
  const list = [...pairs];
  const bytes = list.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const block = Buffer.alloc(pairsSize(list.length, bytes));
  block.writeUInt32LE(list.length, 0);
  let at = 4 + 8 * list.length;
  list.forEach(([name, value], i) => {
    block.writeUInt32LE(name.length, 4 + 8 * i);
    block.writeUInt32LE(value.length, 8 + 8 * i);
    at += block.write(name, at, "latin1") + 1;
    at += block.write(value, at, "latin1") + 1;
  });
  return block;
}
