import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Found } from "./found";
import { hex, hexLower, readHex } from "./hex";
import { TraceContext } from "./trace-context";

/** The longest that `writeB3` writes: trace id, span id, sampling state and parent, with three hyphens. */
export const B3_LENGTH: i32 = 68;

const DASH: u8 = 0x2d;

/**
 * Reads `b3`, B3's single header: `{TraceId}-{SpanId}[-{SamplingState}[-{ParentSpanId}]]`, or a sampling state alone. Trace ids have 16
 * or 32 digits, in lower case. Without a state the decision is ours. The caller's parent only has to be well formed: it is not our affair.
 */
export function readB3(header: Bytes, into: TraceContext): Found {
  const text = header.trim();
  const at = text.ptr;
  const length = text.length;
  if (length == 1) return readState(load<u8>(at), into) ? Found.Decision : Found.Invalid;
  const digits = text.indexOf(DASH);
  const span = digits + 1;
  if ((digits != 16 && digits != 32) || length < span + 16) return Found.Invalid;
  if (!hexLower(at, digits) || !hexLower(at + <usize>span, 16)) return Found.Invalid;
  const state = span + 16;
  if (length == state) into.decide(false, false, true);
  else if (length < state + 2 || load<u8>(at + <usize>state) != DASH || !readState(load<u8>(at + <usize>state + 1), into))
    return Found.Invalid;
  const parent = state + 2;
  if (length > parent && (length != parent + 17 || load<u8>(at + <usize>parent) != DASH || !hexLower(at + <usize>parent + 1, 16))) {
    return Found.Invalid;
  }
  into.spanId = readHex(at + <usize>span, 16);
  return into.setTraceId(at, digits) && into.spanId != 0 ? Found.Trace : Found.Invalid;
}

/** `1` accept, `0` deny, `d` debug, which is more than accept. */
function readState(c: u8, into: TraceContext): bool {
  into.decide(c == 0x31, c == 0x64, false);
  return c == 0x30 || c == 0x31 || c == 0x64;
}

/** Writes `b3` to `at` and returns its length. A trace that begins here has no parent: 0. */
export function writeB3(context: TraceContext, parentId: u64, at: usize): i32 {
  context.writeTraceId(at);
  store<u8>(at, DASH, 32);
  hex(at + 33, context.spanId, 16);
  store<u8>(at, DASH, 49);
  store<u8>(at, context.debug ? 0x64 : context.sampled ? 0x31 : 0x30, 50);
  if (parentId == 0) return 51;
  store<u8>(at, DASH, 51);
  hex(at + 52, parentId, 16);
  return B3_LENGTH;
}
