import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { all, areAscii, atLeast, isNot } from "proxy-wasm-assemblyscript-sdk/assembly/memory/eight";
import { find, Members } from "./text";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk";

/** Level 2, 3.3.1.1: a list of more members than this is discarded as a whole. */
export const MAX_MEMBERS: i32 = 32;
/** What we send at most. The specification asks for at least 512; upstreams accept headers of 8 KiB and more. */
export const MAX_BYTES: i32 = 4096;
/** Members above this length are the first to go when the list is too long (3.3.1.5). */
const LONG_MEMBER: i32 = 128;

/** The members of all `tracestate` headers together, in order. Reused from request to request. */
export class Tracestate {
  count: i32 = 0;
  private members: Members = new Members();
  private starts: StaticArray<usize> = new StaticArray<usize>(MAX_MEMBERS);
  private lengths: StaticArray<i32> = new StaticArray<i32>(MAX_MEMBERS);

  clear(): void {
    this.count = 0;
  }

  /**
   * Adds one header's members. False: the whole tracestate, of all headers, is to be discarded (a bad key or value, or a 33rd
   * member); the trace itself goes on. Empty members and an empty header are allowed.
   */
  add(header: Bytes): bool {
    const members = this.members.of(header.ptr, header.length);
    while (members.next()) {
      if (this.count == MAX_MEMBERS || !isMember(members.start, members.length)) return false;
      unchecked((this.starts[this.count] = members.start));
      unchecked((this.lengths[this.count] = members.length));
      this.count++;
    }
    return true;
  }

  /**
   * Writes the list with our own member in front and any older one of ours taken out (3.5). Too long a list loses members from
   * the right, those above 128 bytes first. Empty `key`: the list as it is.
   */
  write(into: ArenaBuffer, key: Bytes, value: Bytes): void {
    let members = 0;
    let bytes = 0;
    if (key.length > 0) {
      members = 1;
      bytes = key.length + 1 + value.length;
      into.push(key.ptr, key.length);
      into.pushByte(0x3d);
      into.push(value.ptr, value.length);
    }
    // How many of the short members fit decides whether a long one may stay.
    let shorts = 0;
    let total = bytes;
    for (let i = 0; i < this.count; i++) {
      if (this.isOurs(i, key)) continue;
      total += this.lengths[i] + 1;
      if (this.lengths[i] <= LONG_MEMBER) shorts += this.lengths[i] + 1;
    }
    const dropLong = total > MAX_BYTES;
    for (let i = 0; i < this.count && members < MAX_MEMBERS; i++) {
      const length = this.lengths[i];
      if (this.isOurs(i, key)) continue;
      if (dropLong && length > LONG_MEMBER && bytes + length + 1 + shorts > MAX_BYTES) continue;
      if (bytes + length + 1 > MAX_BYTES) break;
      if (length <= LONG_MEMBER) shorts -= length + 1;
      if (members++ > 0) into.pushByte(0x2c);
      into.push(this.starts[i], length);
      bytes += length + 1;
    }
  }

  private isOurs(index: i32, key: Bytes): bool {
    const length = this.lengths[index];
    const at = this.starts[index];
    return (
      key.length > 0 && length > key.length && load<u8>(at + <usize>key.length) == 0x3d && memory.compare(at, key.ptr, key.length) == 0
    );
  }
}

function isMember(member: usize, length: i32): bool {
  const equals = find(member, length, 0x3d);
  return equals > 0 && isKey(member, equals) && isValue(member + <usize>equals + 1, length - equals - 1);
}

/** Level 2, 3.3.1.3.1: a-z or a digit, then up to 255 of a-z, digits, `_ - * / @`. */
export function isKey(key: usize, length: i32): bool {
  if (length == 0 || length > 256) return false;
  for (let i = 0; i < length; i++) {
    const c = <i32>load<u8>(key + <usize>i);
    const plain = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (plain) continue;
    if (i == 0 || !(c == 0x5f || c == 0x2d || c == 0x2a || c == 0x2f || c == 0x40)) return false;
  }
  return true;
}

/** 3.3.1.3.2: up to 256 visible characters and inner spaces, without `,` and `=`, the last one not a space; not empty. */
export function isValue(value: usize, length: i32): bool {
  if (length == 0 || length > 256) return false;
  const end = value + <usize>length;
  let at = value;
  for (; at + 8 <= end; at += 8) if (!areEightOfValue(load<u64>(at))) return false;
  for (; at < end; at++) {
    const c = load<u8>(at);
    if (c < 0x20 || c > 0x7e || c == 0x2c || c == 0x3d) return false;
  }
  return load<u8>(end - 1) != 0x20;
}

function areEightOfValue(word: u64): bool {
  return areAscii(word) && all(atLeast(word, 0x20) & ~atLeast(word, 0x7f) & isNot(word, 0x2c) & isNot(word, 0x3d));
}
