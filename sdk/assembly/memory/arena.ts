import { Bytes } from "../bytes";
import { copyBytes } from "./copy";

/**
 * The memory that the host's answers are copied to: a block that is handed out from the front and forgotten as a whole when the
 * top-level callback ends. The host calls the allocator only inside a host call, copies at once and never frees
 * (proxy-wasm/spec#83), so this is all that it needs; a general allocator and its garbage never see these bytes.
 *
 * A value that does not fit gets a block of its own from the heap, freed at the same moment.
 */

/** Static, zero-filled: takes no room in the .wasm file. Holds 60 KiB of headers, Envoy's default limit, and the index of them. */
// @ts-ignore: decorator
@inline const SIZE: i32 = 128 * 1024;

/** What one callback may hold of the host's answers. */
// @ts-ignore: decorator
@inline const MOST: usize = 256 << 20;

const start: usize = memory.data(SIZE, 16);
let used: usize = 0;
let largest: usize = 0;
/** The newest heap block; each begins with the address of the one before it. */
let chain: usize = 0;
let chained: usize = 0;

/** `size` bytes that live until the callback ends, aligned to 8. */
export function allocate(size: usize): usize {
  const wanted = (size + 7) & ~7;
  if (wanted < size) return 0;
  if (wanted <= <usize>SIZE - used) {
    const at = start + used;
    used += wanted;
    return at;
  }
  // The host then answers InvalidMemoryAccess. Envoy ends a VM at 1 GiB, and memory that cannot grow is a trap.
  if (wanted > MOST || chained > MOST - wanted) return 0;
  const block = heap.alloc(wanted + 16);
  store<usize>(block, chain);
  chain = block;
  chained += wanted;
  return block + 16;
}

/** Forgets everything. Called by the SDK at the end of each top-level callback. */
export function reset(): void {
  const total = used + chained;
  if (total > largest) largest = total;
  if (!ASC_NO_ASSERT) memory.fill(start, 0xdd, used); // stale reads show at once in a debug build
  used = 0;
  while (chain != 0) {
    const before = load<usize>(chain);
    heap.free(chain);
    chain = before;
  }
  chained = 0;
}

/** The most bytes that one callback has used. */
export function highWater(): usize {
  const total = used + chained;
  return total > largest ? total : largest;
}

/** A borrowed copy of `length` bytes at `from`, for values that must outlast a change of their source within the callback. */
export function duplicate(from: usize, length: i32): usize {
  const to = allocate(<usize>length);
  if (to != 0) copyBytes(to, from, <usize>length);
  return to;
}

/** A growing buffer in the arena, for what is built during one callback. Doubling leaves the old block behind: it goes with the rest. */
export class ArenaBuffer {
  at: usize = 0;
  length: i32 = 0;
  private capacity: i32 = 0;
  /** False once memory ran out; the content is then not to be used. */
  ok: bool = true;

  clear(): void {
    this.at = 0;
    this.length = 0;
    this.capacity = 0;
    this.ok = true;
  }

  /** Room for `more` bytes at the end; returns its address, or 0. */
  reserve(more: i32): usize {
    const needed = this.length + more;
    if (needed > this.capacity) {
      const capacity = max(256, max(needed, this.capacity * 2));
      const at = allocate(<usize>capacity);
      if (at == 0) {
        this.ok = false;
        return 0;
      }
      copyBytes(at, this.at, <usize>this.length);
      this.at = at;
      this.capacity = capacity;
    }
    const tail = this.at + <usize>this.length;
    this.length = needed;
    return tail;
  }

  push(from: usize, length: i32): void {
    const to = this.reserve(length);
    if (to != 0) copyBytes(to, from, <usize>length);
  }

  pushByte(byte: u8): void {
    const to = this.reserve(1);
    if (to != 0) store<u8>(to, byte);
  }

  pushBytes(bytes: Bytes): void {
    bytes._fresh();
    this.push(bytes.ptr, bytes.length);
  }

  /** The length in four bytes, then the bytes: written one after the other, no two lists of them are alike. */
  pushSized(bytes: Bytes): void {
    bytes._fresh();
    const to = this.reserve(4 + bytes.length);
    if (to == 0) return;
    store<u32>(to, bytes.length);
    copyBytes(to + 4, bytes.ptr, <usize>bytes.length);
  }

  pushDecimal(value: u64): void {
    let digits = 1;
    for (let left = value / 10; left > 0; left /= 10) digits++;
    let at = this.reserve(digits);
    if (at == 0) return;
    for (at += <usize>digits - 1; digits > 0; digits--, at--) {
      store<u8>(at, 0x30 + <u8>(value % 10));
      value /= 10;
    }
  }

  bytes(): Bytes {
    return Bytes.borrow(this.at, this.length);
  }
}
