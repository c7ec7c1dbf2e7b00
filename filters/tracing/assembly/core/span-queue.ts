import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** Bytes of a span's length, which is kept beside it. */
const ENTRY: i32 = 4;
/** In front of a block: the next one that is free, and the size. */
const HEAD: usize = 8;

/**
 * Blocks of queues that are no more, for those that come: at each update of the configuration one. The allocator would not find a free block of the very
 * size that it looks for, for it rounds up to the next class; memory would grow by a block with each of some updates.
 */
let spares: usize = 0;

function take(size: i32): usize {
  let before: usize = 0;
  for (let block = spares; block != 0; block = load<usize>(block)) {
    if (load<i32>(block, 4) >= size) {
      if (before == 0) spares = load<usize>(block);
      else store<usize>(before, load<usize>(block));
      return block + HEAD;
    }
    before = block;
  }
  const block = heap.alloc(<usize>size + HEAD);
  store<i32>(block, size, 4);
  return block + HEAD;
}

function give(block: usize): void {
  store<usize>(block - HEAD, spares);
  spares = block - HEAD;
}

/**
 * Written spans that wait, in one block that never grows: `prefix span,span,span` from the front, their lengths from the end. So any number of the first
 * ones is a body that can be sent from where it lies.
 *
 * The block is made for the first span: Envoy's main thread has VMs, too, which never see a request.
 */
export class SpanQueue {
  count: i32 = 0;
  /** Of spans, with the commas in between. */
  private bytes: i32 = 0;
  private block: usize = 0;
  /** What the suffix of a body that is being sent has overwritten. */
  private saved: u64 = 0;
  private bodyEnd: usize = 0;

  /**
   * @param size of the block: of spans, with four bytes each for their lengths, of the prefix, and eight more
   * @param suffix eight bytes at most
   */
  constructor(
    private readonly prefix: Bytes,
    private readonly suffix: Bytes,
    private readonly maxSpans: i32,
    private readonly size: i32,
  ) {}

  /** False when there is no room. */
  push(span: Bytes): bool {
    const room = this.size - this.prefix.length - this.bytes - (this.count + 1) * ENTRY - 8;
    if (this.count >= this.maxSpans || span.length + 1 > room) return false;
    if (this.block == 0) {
      this.block = take(this.size);
      memory.copy(this.block, this.prefix.ptr, this.prefix.length);
    }
    let to = this.block + <usize>(this.prefix.length + this.bytes);
    if (this.count > 0) {
      store<u8>(to++, 0x2c);
      this.bytes++;
    }
    memory.copy(to, span.ptr, span.length);
    this.bytes += span.length;
    this.count++;
    store<i32>(this.lengthAt(this.count), span.length);
    return true;
  }

  /** More than half of the room for bytes is taken. */
  get half(): bool {
    return this.bytes + this.count * ENTRY > (this.size - this.prefix.length) / 2;
  }

  /** A body of the first `spans`, of which there are as many. To be followed by `release`. */
  body(spans: i32): Bytes {
    const length = this.prefix.length + this.lengthOf(spans);
    this.bodyEnd = this.block + <usize>length;
    this.saved = load<u64>(this.bodyEnd);
    memory.copy(this.bodyEnd, this.suffix.ptr, this.suffix.length);
    return Bytes.static(this.block, length + this.suffix.length);
  }

  /** Takes out what `body` has shown. */
  release(spans: i32): void {
    store<u64>(this.bodyEnd, this.saved);
    this.drop(spans);
  }

  /** Takes the first ones out. @returns how many */
  drop(spans: i32): i32 {
    const gone = this.lengthOf(spans);
    this.count -= spans;
    if (this.count == 0) {
      this.bytes = 0;
      return spans;
    }
    const start = this.block + <usize>this.prefix.length;
    this.bytes -= gone + 1;
    memory.copy(start, start + <usize>(gone + 1), this.bytes);
    const last = this.lengthAt(this.count + spans);
    memory.copy(last + <usize>(spans * ENTRY), last, this.count * ENTRY);
    return spans;
  }

  /** Gives the block back. What still waits is gone. */
  free(): void {
    if (this.block != 0) give(this.block);
    this.block = 0;
    this.count = 0;
    this.bytes = 0;
  }

  /** Bytes of the first spans, with the commas in between. */
  private lengthOf(spans: i32): i32 {
    let length = spans - 1;
    for (let i = 1; i <= spans; i++) length += load<i32>(this.lengthAt(i));
    return length;
  }

  /** Where the length of the n-th span is, from 1. */
  private lengthAt(n: i32): usize {
    return this.block + <usize>(this.size - n * ENTRY);
  }
}
