import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { hex, hexLower, readHex } from "./hex";

/** `traceparent` of version 00 has exactly this many bytes. */
export const TRACEPARENT_LENGTH: i32 = 55;

export const SAMPLED: u8 = 0x01;
/** Level 2: at least the right-most 56 bits of the trace id are random. */
export const RANDOM: u8 = 0x02;

/** What a `traceparent` says. Ids are numbers: the trace id as its high and low half. */
export class TraceContext {
  traceHigh: u64 = 0;
  traceLow: u64 = 0;
  /** The span that the header names: the caller's on the way in, ours on the way out. */
  spanId: u64 = 0;
  flags: u8 = 0;

  get sampled(): bool {
    return (this.flags & SAMPLED) != 0;
  }

  /**
   * Reads one header value, W3C Trace Context level 2, section 3.2.2. False when it is invalid; the fields are then not to be used.
   * A version above 00 is read by its first 55 bytes, and what follows must begin with "-". Only the flags that are known stay.
   */
  parse(header: Bytes): bool {
    const text = header.trim();
    if (text.length < TRACEPARENT_LENGTH) return false;
    const at = text.ptr;
    if (!hexLower(at, 2) || load<u8>(at, 2) != 0x2d || load<u8>(at, 35) != 0x2d || load<u8>(at, 52) != 0x2d) return false;
    const version = readHex(at, 2);
    if (version == 0xff) return false;
    if (text.length > TRACEPARENT_LENGTH && (version == 0 || load<u8>(at, 55) != 0x2d)) return false;
    if (!hexLower(at + 3, 32) || !hexLower(at + 36, 16) || !hexLower(at + 53, 2)) return false;
    this.traceHigh = readHex(at + 3, 16);
    this.traceLow = readHex(at + 19, 16);
    this.spanId = readHex(at + 36, 16);
    this.flags = (<u8>readHex(at + 53, 2)) & (SAMPLED | RANDOM);
    return (this.traceHigh | this.traceLow) != 0 && this.spanId != 0;
  }

  /** Writes 55 bytes of version 00 to `at`. */
  write(at: usize): void {
    store<u16>(at, 0x3030);
    store<u8>(at, 0x2d, 2);
    hex(at + 3, this.traceHigh, 16);
    hex(at + 19, this.traceLow, 16);
    store<u8>(at, 0x2d, 35);
    hex(at + 36, this.spanId, 16);
    store<u8>(at, 0x2d, 52);
    hex(at + 53, this.flags, 2);
  }
}
