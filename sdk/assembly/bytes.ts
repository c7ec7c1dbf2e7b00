import { sameBytes } from "./memory/compare";
import { copyBytes } from "./memory/copy";
import { findByte } from "./memory/find";
import { epoch } from "./context/callback";

/**
 * A run of bytes: a header's value, a body, a key. What the host returns is *borrowed*: it lies in memory that is reused
 * when the callback ends. Keep it longer with `copy()`. The `.debug.wasm` build stops at the first use of a stale one.
 *
 * Comparisons are on bytes; nothing here assumes UTF-8 and nothing traps on input.
 */
export class Bytes {
  /** Address of the first byte. For SDK and codec code; ordinary filters need not touch it. */
  ptr: usize = 0;
  /** Number of bytes, 0 or more. */
  length: i32 = 0;
  /** Keeps owned memory alive; null when borrowed. */
  private owner: ArrayBuffer | null = null;
  private born: u32 = 0;

  /** The UTF-8 bytes of a string, owned. */
  static of(text: string): Bytes {
    return Bytes.owning(String.UTF8.encode(text));
  }

  /** Owned bytes of a buffer, which is not copied. */
  static owning(buffer: ArrayBuffer): Bytes {
    const bytes = new Bytes();
    bytes.owner = buffer;
    bytes.ptr = changetype<usize>(buffer);
    bytes.length = buffer.byteLength;
    return bytes;
  }

  /** A borrowed view, valid until the top-level callback ends. */
  static borrow(ptr: usize, length: i32): Bytes {
    const bytes = pooled();
    bytes.ptr = ptr;
    bytes.length = length;
    bytes.owner = null;
    bytes.born = epoch;
    return bytes;
  }

  /** A view of static memory (`memory.data`), valid for ever. */
  static static(ptr: usize, length: i32): Bytes {
    const bytes = new Bytes();
    bytes.ptr = ptr;
    bytes.length = length;
    bytes.owner = KEEP;
    return bytes;
  }

  /** True when this may be kept after the callback. */
  get owned(): bool {
    return this.owner !== null || this.length == 0;
  }

  /** @internal In debug builds, stops at the use of bytes whose callback is over. */
  _fresh(): void {
    if (!ASC_NO_ASSERT) {
      if (!this.owned && this.born != epoch) {
        abort("stale Bytes: the callback that lent them is over; keep them with copy()", "sdk/assembly/bytes.ts", 0, 0);
      }
    }
  }

  /** An owned copy, which may be kept in a field. */
  copy(): Bytes {
    this._fresh();
    const buffer = new ArrayBuffer(this.length);
    copyBytes(changetype<usize>(buffer), this.ptr, <usize>this.length);
    return Bytes.owning(buffer);
  }

  /** The byte at `index` (0-255), or -1 outside. */
  at(index: i32): i32 {
    this._fresh();
    if (<u32>index >= <u32>this.length) return -1;
    return <i32>load<u8>(this.ptr + <usize>index);
  }

  equals(other: Bytes): bool {
    this._fresh();
    other._fresh();
    return this.length == other.length && sameBytes(this.ptr, other.ptr, <usize>this.length);
  }

  /** Equal but for the case of A-Z. */
  equalsIgnoreCase(other: Bytes): bool {
    this._fresh();
    other._fresh();
    if (this.length != other.length) return false;
    for (let i: usize = 0, n = <usize>this.length; i < n; i++) {
      if (lower(load<u8>(this.ptr + i)) != lower(load<u8>(other.ptr + i))) return false;
    }
    return true;
  }

  startsWith(prefix: Bytes): bool {
    this._fresh();
    prefix._fresh();
    return this.length >= prefix.length && sameBytes(this.ptr, prefix.ptr, <usize>prefix.length);
  }

  endsWith(suffix: Bytes): bool {
    this._fresh();
    suffix._fresh();
    const start = this.length - suffix.length;
    return start >= 0 && sameBytes(this.ptr + <usize>start, suffix.ptr, <usize>suffix.length);
  }

  /** Index of the first `byte` at or after `from`, or -1. */
  indexOf(byte: u8, from: i32 = 0): i32 {
    this._fresh();
    const end = this.ptr + <usize>this.length;
    const start = max(0, from);
    if (start >= this.length) return -1;
    const found = findByte(this.ptr + <usize>start, end, byte);
    return found == end ? -1 : <i32>(found - this.ptr);
  }

  /** Bytes `start` to before `end`, both clamped to what exists. Shares the memory. */
  slice(start: i32, end: i32 = i32.MAX_VALUE): Bytes {
    this._fresh();
    const from = min(max(start, 0), this.length);
    const to = max(from, min(end, this.length));
    const part = this.owned ? new Bytes() : pooled();
    part.ptr = this.ptr + <usize>from;
    part.length = to - from;
    part.owner = this.owner;
    part.born = this.born;
    return part;
  }

  /** Without spaces and tabs at both ends: HTTP's optional white space (RFC 9110, 5.6.3). */
  trim(): Bytes {
    this._fresh();
    let start = 0;
    let end = this.length;
    while (start < end && isBlank(load<u8>(this.ptr + <usize>start))) start++;
    while (end > start && isBlank(load<u8>(this.ptr + <usize>end - 1))) end--;
    return start == 0 && end == this.length ? this : this.slice(start, end);
  }

  /** The decimal number, or `otherwise` when these are not one to nineteen digits. */
  toU64(otherwise: u64 = 0): u64 {
    this._fresh();
    if (this.length == 0 || this.length > 19) return otherwise; // 19 digits always fit
    let value: u64 = 0;
    for (let i = 0; i < this.length; i++) {
      const digit = <u32>load<u8>(this.ptr + <usize>i) - 0x30;
      if (digit > 9) return otherwise;
      value = value * 10 + <u64>digit;
    }
    return value;
  }

  /** FNV-1a, 32 bits. Not for keys that an attacker may choose. */
  hash(): u32 {
    this._fresh();
    let hash: u32 = 0x811c9dc5;
    for (let i: usize = 0, n = <usize>this.length; i < n; i++) hash = (hash ^ (<u32>load<u8>(this.ptr + i))) * 0x01000193;
    return hash;
  }

  /** Decoded as UTF-8 for logs; what is not UTF-8 becomes some replacement, never a trap. */
  toString(): string {
    this._fresh();
    return isUtf8(this.ptr, this.length) ? String.UTF8.decodeUnsafe(this.ptr, this.length) : latin1(this.ptr, this.length);
  }
}

/** No bytes. Empty is not the same as absent, which is null. */
export const EMPTY: Bytes = new Bytes();
const KEEP: ArrayBuffer = new ArrayBuffer(0);

// Views are recycled when the callback ends, so that a request allocates none. Not in debug builds: there a recycled view would hide
// the very mistake that the stamp is to find.
const POOL = 128;
const pool: StaticArray<Bytes> = filled();
let taken = 0;

function filled(): StaticArray<Bytes> {
  const views = new StaticArray<Bytes>(POOL);
  for (let i = 0; i < POOL; i++) views[i] = new Bytes();
  return views;
}

function pooled(): Bytes {
  if (!ASC_NO_ASSERT || taken >= POOL) return new Bytes();
  return unchecked(pool[taken++]);
}

/** Takes all borrowed views back. Called by the SDK at the end of each top-level callback. */
export function recycle(): void {
  taken = 0;
}

// @ts-ignore: decorator
@inline export function lower(byte: u8): u8 {
  return <u32>byte - 0x41 < 26 ? byte | 0x20 : byte;
}

// @ts-ignore: decorator
@inline export function isBlank(byte: u8): bool {
  return byte == 0x20 || byte == 0x09;
}

function latin1(ptr: usize, length: i32): string {
  const units = new StaticArray<u16>(length);
  for (let i = 0; i < length; i++) unchecked((units[i] = load<u8>(ptr + <usize>i)));
  return String.UTF16.decodeUnsafe(changetype<usize>(units), (<usize>length) << 1);
}

/** Well-formed UTF-8 by RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */
export function isUtf8(ptr: usize, length: i32): bool {
  let i: i32 = 0;
  while (i < length) {
    const a = load<u8>(ptr + <usize>i);
    if (a < 0x80) {
      i++;
      continue;
    }
    let more = 0;
    let low: u8 = 0x80;
    let high: u8 = 0xbf;
    if (a >= 0xc2 && a <= 0xdf) more = 1;
    else if (a >= 0xe0 && a <= 0xef) {
      more = 2;
      if (a == 0xe0) low = 0xa0;
      else if (a == 0xed) high = 0x9f;
    } else if (a >= 0xf0 && a <= 0xf4) {
      more = 3;
      if (a == 0xf0) low = 0x90;
      else if (a == 0xf4) high = 0x8f;
    } else return false;
    if (i + more >= length) return false;
    for (let k = 1; k <= more; k++) {
      const b = load<u8>(ptr + <usize>(i + k));
      if (b < low || b > high) return false;
      low = 0x80;
      high = 0xbf;
    }
    i += more + 1;
  }
  return true;
}
