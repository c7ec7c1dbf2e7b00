import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { parseIp } from "./ip-parser";

const DIGITS: Bytes = Bytes.of("0123456789abcdef");

/** An IP address as 16 bytes. IPv4 is kept as IPv4-mapped IPv6, so that `1.2.3.4` and `::ffff:1.2.3.4` are one address. */
export class IpAddress {
  private readonly octets: StaticArray<u8> = new StaticArray<u8>(16);

  /** Address of the 16 bytes, in network order. */
  get ptr(): usize {
    return changetype<usize>(this.octets);
  }

  get isV4(): bool {
    return load<u64>(this.ptr) == 0 && load<u32>(this.ptr, 8) == 0xffff0000;
  }

  /**
   * Reads an address; false, with no sensible content, when this is none.
   *
   * @param port as Envoy writes addresses, too: `1.2.3.4:80`, `[::1]:80`, `[::1]`, and a zone, which is dropped
   */
  parse(text: Bytes, port: bool = true): bool {
    return parseIp(text, port, this.ptr);
  }

  set(other: IpAddress): void {
    memory.copy(this.ptr, other.ptr, 16);
  }

  equals(other: IpAddress): bool {
    return memory.compare(this.ptr, other.ptr, 16) == 0;
  }

  /** Clears all bits behind the prefix: 0 to 32 bits of an IPv4 address, 0 to 128 of another. */
  mask(prefixV4: i32, prefixV6: i32): void {
    this.keep(this.isV4 ? 96 + prefixV4 : prefixV6);
  }

  /** Clears all but the first `bits` of the 128. */
  keep(bits: i32): void {
    for (let i = max(0, bits >> 3); i < 16; i++) {
      const left = bits - (i << 3);
      this.octets[i] = left <= 0 ? 0 : this.octets[i] & (<u8>(0xff00 >> left));
    }
  }

  /** True when the first `bits` of the 128 are the other's. */
  shares(other: IpAddress, bits: i32): bool {
    const whole = (<usize>bits) >> 3;
    if (memory.compare(this.ptr, other.ptr, whole) != 0) return false;
    const rest = bits & 7;
    return rest == 0 || ((load<u8>(this.ptr + whole) ^ load<u8>(other.ptr + whole)) & (<u8>(0xff00 >> rest))) == 0;
  }

  /** Appends the canonical text: IPv4 with dots, else RFC 5952. */
  write(text: ArenaBuffer): void {
    if (this.isV4) {
      for (let i = 12; i < 16; i++) {
        if (i > 12) text.pushByte(0x2e);
        text.pushDecimal(this.octets[i]);
      }
      return;
    }
    const gap = this.longestRun();
    for (let i = 0; i < 8; i++) {
      if (gap >= 0 && i == gap >> 4) {
        text.pushByte(0x3a);
        text.pushByte(0x3a);
        i += (gap & 15) - 1;
        continue;
      }
      if (i > 0 && (gap < 0 || i != (gap >> 4) + (gap & 15))) text.pushByte(0x3a);
      this.pushGroup(text, i);
    }
  }

  private group(index: i32): u32 {
    return ((<u32>this.octets[index << 1]) << 8) | (<u32>this.octets[(index << 1) + 1]);
  }

  private pushGroup(text: ArenaBuffer, index: i32): void {
    const group = this.group(index);
    let digits = 1;
    while (digits < 4 && group >> (digits << 2) != 0) digits++;
    while (digits-- > 0) text.pushByte(<u8>DIGITS.at((<i32>(group >> (digits << 2))) & 15));
  }

  /** The first longest run of two or more groups that are zero: start << 4 | length; -1 without one. */
  private longestRun(): i32 {
    let best = -1;
    let start = -1;
    for (let i = 0; i < 8; i++) {
      if (this.group(i) != 0) {
        start = -1;
        continue;
      }
      if (start < 0) start = i;
      const length = i - start + 1;
      if (length > 1 && (best < 0 || length > (best & 15))) best = (start << 4) | length;
    }
    return best;
  }
}
