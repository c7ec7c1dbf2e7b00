import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { hex, hexLower, readHex } from "./hex";

/** `traceparent` of version 00 has exactly this many bytes. */
export const TRACEPARENT_LENGTH: i32 = 55;

export const SAMPLED: u8 = 0x01;
/** Level 2: at least the right-most 56 bits of the trace id are random. */
export const RANDOM: u8 = 0x02;

/** What the headers of a request say of its trace, in whichever format. Ids are numbers: the trace id as its high and low half. */
export class TraceContext {
  traceHigh: u64 = 0;
  traceLow: u64 = 0;
  /** The span that the header names: the caller's on the way in, ours on the way out. */
  spanId: u64 = 0;
  /** `SAMPLED` and `RANDOM`, and no other. */
  flags: u8 = 0;
  /** The caller left the decision to us: B3 can say so, the others cannot. */
  deferred: bool = false;
  /** The caller wants this trace kept whatever happens: B3's `d`, Jaeger's 2. W3C cannot say so, and only says that it is sampled. */
  debug: bool = false;

  get sampled(): bool {
    return (this.flags & SAMPLED) != 0;
  }

  /** Takes over a caller's decision. */
  decide(sampled: bool, debug: bool, deferred: bool): void {
    this.flags = sampled || debug ? SAMPLED : 0;
    this.debug = debug;
    this.deferred = deferred && !debug;
  }

  /** The trace id of 1 to 32 digits that were checked, shorter ones padded with zeros on the left; false when it is zero. */
  setTraceId(at: usize, digits: i32): bool {
    const high = max(digits - 16, 0);
    this.traceHigh = readHex(at, high);
    this.traceLow = readHex(at + <usize>high, digits - high);
    return (this.traceHigh | this.traceLow) != 0;
  }

  writeTraceId(at: usize): void {
    hex(at, this.traceHigh, 16);
    hex(at + 16, this.traceLow, 16);
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
    this.spanId = readHex(at + 36, 16);
    this.flags = (<u8>readHex(at + 53, 2)) & (SAMPLED | RANDOM);
    this.debug = false;
    this.deferred = false;
    return this.setTraceId(at + 3, 32) && this.spanId != 0;
  }

  /** Writes 55 bytes of version 00 to `at`. */
  write(at: usize): void {
    store<u16>(at, 0x3030);
    store<u8>(at, 0x2d, 2);
    this.writeTraceId(at + 3);
    store<u8>(at, 0x2d, 35);
    hex(at + 36, this.spanId, 16);
    store<u8>(at, 0x2d, 52);
    hex(at + 53, this.flags, 2);
  }
}
