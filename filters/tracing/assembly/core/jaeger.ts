import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Found } from "./found";
import { hex, hexAny, readHex } from "./hex";
import { TraceContext } from "./trace-context";

/** `writeJaeger` writes exactly this many bytes: 32 digits, 16 digits, `0` and one digit, with three colons. */
export const JAEGER_LENGTH: i32 = 53;

const COLON: u8 = 0x3a;
const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;

/**
 * Reads `uber-trace-id`: `{trace-id}:{span-id}:{parent-span-id}:{flags}`, hexadecimal of either case and without leading zeros: up to 32,
 * 16, 16 and 2 digits. Some clients send the colons as `%3A`. The parent is deprecated and not our affair, but has to be there.
 */
export function readJaeger(header: Bytes, into: TraceContext): Found {
  const text = header.trim();
  const end = text.ptr + <usize>text.length;
  const trace = text.ptr;
  const traceDigits = digits(trace, end, 32);
  const span = afterColon(trace + <usize>traceDigits, end);
  const spanDigits = digits(span, end, 16);
  const parent = afterColon(span + <usize>spanDigits, end);
  const parentDigits = digits(parent, end, 16);
  const flags = afterColon(parent + <usize>parentDigits, end);
  const flagDigits = digits(flags, end, 2);
  if (traceDigits == 0 || spanDigits == 0 || parentDigits == 0 || flagDigits == 0 || flags + <usize>flagDigits != end) return Found.Invalid;
  const bits = <u8>readHex(flags, flagDigits);
  into.decide((bits & SAMPLED) != 0, (bits & DEBUG) != 0, false);
  into.spanId = readHex(span, spanDigits);
  return into.setTraceId(trace, traceDigits) && into.spanId != 0 ? Found.Trace : Found.Invalid;
}

/** How many hexadecimal digits there are from `at`, not more than `most`. */
function digits(at: usize, end: usize, most: i32): i32 {
  let count = 0;
  while (count < most && at + <usize>count < end && hexAny(at + <usize>count, 1)) count++;
  return count;
}

/** Behind the colon at `at`; the end where there is none, so that nothing is found there. */
function afterColon(at: usize, end: usize): usize {
  if (at < end && load<u8>(at) == COLON) return at + 1;
  const encoded = at + 3 <= end && load<u8>(at) == 0x25 && load<u8>(at, 1) == 0x33 && (load<u8>(at, 2) | 0x20) == 0x61;
  return encoded ? at + 3 : end;
}

/** Writes `JAEGER_LENGTH` bytes to `at`. The parent is 0, as the format has it since it was deprecated. */
export function writeJaeger(context: TraceContext, at: usize): void {
  context.writeTraceId(at);
  store<u8>(at, COLON, 32);
  hex(at + 33, context.spanId, 16);
  store<u8>(at, COLON, 49);
  store<u8>(at, 0x30, 50);
  store<u8>(at, COLON, 51);
  hex(at + 52, context.debug ? SAMPLED | DEBUG : context.sampled ? SAMPLED : 0, 1);
}
