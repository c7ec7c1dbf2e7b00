import { Bytes, Headers, HeaderName } from "proxy-wasm-assemblyscript-sdk";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk";
import { B3_LENGTH, writeB3 } from "./core/b3";
import { hex } from "./core/hex";
import { Field, FIELDS, Format, formatOf, Incoming } from "./core/incoming";
import { JAEGER_LENGTH, writeJaeger } from "./core/jaeger";
import { TRACEPARENT_LENGTH, TraceContext } from "./core/trace-context";
import { Tracer } from "./core/tracer";
import { BAGGAGE, FIELD_NAMES, isTraceHeader, TRACEPARENT, TRACESTATE } from "./headers";

const ZERO: Bytes = Bytes.of("0");
const ONE: Bytes = Bytes.of("1");

/** Gathers the trace headers of a request. */
export function collect(headers: Headers, into: Incoming): void {
  into.clear();
  for (let field = 0; field < FIELDS; field++) {
    const name = unchecked(FIELD_NAMES[field]);
    const at = headers.indexOf(name);
    if (at < 0) continue;
    const value = headers.valueAt(at);
    if (value !== null) into.set(field, headers.indexOf(name, at + 1) < 0 ? 1 : 2, value);
  }
}

/** Writes our span in each format of `formats`, a bit for each. */
export function inject(headers: Headers, formats: u32, tracer: Tracer, text: ArenaBuffer): void {
  const context = tracer.context;
  if (writes(formats, Format.TraceContext)) headers.replace(TRACEPARENT, traceparent(context, text));
  if (writes(formats, Format.B3)) {
    text.clear();
    const at = text.reserve(B3_LENGTH);
    if (at != 0) text.length = writeB3(context, tracer.parentId, at);
    headers.replace(FIELD_NAMES[Field.B3], text.bytes());
  }
  if (writes(formats, Format.B3Multi)) injectB3Multi(headers, tracer, text);
  if (writes(formats, Format.Jaeger)) {
    text.clear();
    const at = text.reserve(JAEGER_LENGTH);
    if (at != 0) writeJaeger(context, at);
    headers.replace(FIELD_NAMES[Field.Uber], text.bytes());
  }
}

/** Debug implies sampled, and B3 wants one of the two headers. A root has no parent. */
function injectB3Multi(headers: Headers, tracer: Tracer, text: ArenaBuffer): void {
  const context = tracer.context;
  text.clear();
  const at = text.reserve(32);
  if (at != 0) context.writeTraceId(at);
  headers.replace(FIELD_NAMES[Field.TraceId], text.bytes());
  headers.replace(FIELD_NAMES[Field.SpanId], id(context.spanId, text));
  put(headers, Field.ParentSpanId, tracer.parentId != 0 ? id(tracer.parentId, text) : null);
  put(headers, Field.Sampled, context.debug ? null : context.sampled ? ONE : ZERO);
  put(headers, Field.Flags, context.debug ? ONE : null);
}

/** Removes what came in formats that we do not write: two trace ids in one request would be two truths. */
export function removeOthers(headers: Headers, formats: u32, incoming: Incoming): void {
  for (let left = incoming.present; left != 0; left &= left - 1) {
    const field = ctz(left);
    if (!writes(formats, formatOf(field))) headers.remove(FIELD_NAMES[field]);
  }
  if (!writes(formats, Format.TraceContext) && headers.has(TRACESTATE)) headers.remove(TRACESTATE);
}

/** Removes the headers of every format that we know of, but for those that `formats` will write. W3C baggage is left out: it has rules. */
export function removeAll(headers: Headers, formats: u32, baggage: bool): void {
  // Backwards, since each removal takes away all headers of that name.
  for (let i = headers.size - 1; i >= 0; i--) {
    const name = headers.nameAt(i);
    if (name === null || !isTraceHeader(name) || isWritten(name, formats)) continue;
    if (baggage || !BAGGAGE.bytes.equals(name)) headers.remove(HeaderName.from(name));
  }
}

function isWritten(name: Bytes, formats: u32): bool {
  if (writes(formats, Format.TraceContext) && name.equals(TRACESTATE.bytes)) return true;
  for (let field = 0; field < FIELDS; field++) {
    if (name.equals(FIELD_NAMES[field].bytes)) return writes(formats, formatOf(field));
  }
  return false;
}

export function traceparent(context: TraceContext, text: ArenaBuffer): Bytes {
  text.clear();
  const at = text.reserve(TRACEPARENT_LENGTH);
  if (at != 0) context.write(at);
  return text.bytes();
}

function id(value: u64, text: ArenaBuffer): Bytes {
  text.clear();
  const at = text.reserve(16);
  if (at != 0) hex(at, value, 16);
  return text.bytes();
}

/** Null: the header goes, if it is there. */
function put(headers: Headers, field: Field, value: Bytes | null): void {
  const name = FIELD_NAMES[field];
  if (value !== null) headers.replace(name, value);
  else if (headers.has(name)) headers.remove(name);
}

function writes(formats: u32, format: Format): bool {
  return ((formats >> format) & 1) != 0;
}
