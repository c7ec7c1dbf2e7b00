import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Found } from "./found";
import { hexLower, readHex } from "./hex";
import { Field, Incoming } from "./incoming";
import { TraceContext } from "./trace-context";

const TRUE: Bytes = Bytes.of("true");
const FALSE: Bytes = Bytes.of("false");

/**
 * Reads B3's headers `x-b3-traceid`, `-spanid`, `-sampled` and `-flags`. Ids as in the single header. `x-b3-flags: 1` is debug, and every
 * other value of it says nothing; `x-b3-sampled` is `0` or `1`, or `true` or `false` as before the specification. A decision that is
 * repeated or something else is none, so that it is ours. The caller's parent is not looked at.
 */
export function readB3Multi(incoming: Incoming, into: TraceContext): Found {
  const decided = readDecision(incoming, into);
  if (!incoming.has(Field.TraceId) && !incoming.has(Field.SpanId)) {
    if (decided) return Found.Decision;
    return incoming.has(Field.Sampled) || incoming.has(Field.ParentSpanId) ? Found.Invalid : Found.Absent;
  }
  const trace = incoming.unique(Field.TraceId);
  const span = incoming.unique(Field.SpanId);
  if (trace === null || span === null) return Found.Invalid;
  if ((trace.length != 16 && trace.length != 32) || !hexLower(trace.ptr, trace.length)) return Found.Invalid;
  if (span.length != 16 || !hexLower(span.ptr, 16)) return Found.Invalid;
  into.spanId = readHex(span.ptr, 16);
  return into.setTraceId(trace.ptr, trace.length) && into.spanId != 0 ? Found.Trace : Found.Invalid;
}

/** False when the caller leaves it to us. */
function readDecision(incoming: Incoming, into: TraceContext): bool {
  const flags = incoming.unique(Field.Flags);
  const debug = flags !== null && flags.length == 1 && load<u8>(flags.ptr) == 0x31;
  const sampled = incoming.unique(Field.Sampled);
  let accept = false;
  let deny = false;
  if (sampled !== null) {
    const digit = sampled.length == 1 ? load<u8>(sampled.ptr) : 0;
    accept = digit == 0x31 || sampled.equalsIgnoreCase(TRUE);
    deny = digit == 0x30 || sampled.equalsIgnoreCase(FALSE);
  }
  into.decide(accept, debug, !accept && !deny);
  return debug || accept || deny;
}
