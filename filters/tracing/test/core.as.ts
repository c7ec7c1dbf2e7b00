// The filter's pure parts as plain functions: bytes in at `input`, bytes out at `output`.
import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk/assembly/memory/arena";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { BaggagePolicy } from "../assembly/core/baggage";
import { readB3 } from "../assembly/core/b3";
import { Extractor } from "../assembly/core/extract";
import { Found } from "../assembly/core/found";
import { Field, Format, Incoming } from "../assembly/core/incoming";
import { readJaeger } from "../assembly/core/jaeger";
import { Random } from "../../../policy";
import { sampledByTraceId } from "../assembly/core/sampling";
import { TraceContext } from "../assembly/core/trace-context";
import { Tracer } from "../assembly/core/tracer";
import { Tracestate } from "../assembly/core/tracestate";
import { Endpoint } from "../assembly/core/endpoint";
import { flagNames } from "../../../policy";
import { pushQuoted } from "../assembly/core/json-text";
import { SpanQueue } from "../assembly/core/span-queue";
import { isTraceHeader } from "../assembly/headers";

const IN: usize = memory.data(1 << 17, 16);
const OUT: usize = memory.data(1 << 17, 16);

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/** Reads a traceparent and writes what we would send on with the same ids: 55 bytes at `output`, or 0 when it is invalid. */
export function traceparent(length: i32): i32 {
  const context = new TraceContext();
  if (!context.parse(Bytes.static(IN, length))) return 0;
  context.write(OUT);
  return 55;
}

/** Reads a `b3` (or with `jaeger` an `uber-trace-id`): what was found, and at `output` the trace id, span id, flags, deferred and debug. */
export function read(length: i32, jaeger: i32): i32 {
  const context = new TraceContext();
  const header = Bytes.static(IN, length);
  const found = jaeger ? readJaeger(header, context) : readB3(header, context);
  if (found == Found.Trace) context.write(OUT);
  store<u8>(OUT, context.flags, 56);
  store<u8>(OUT, context.deferred, 57);
  store<u8>(OUT, context.debug, 58);
  return found;
}

const tracer = new Tracer(new Random(1, 2, 3, 4));

export function seed(a: u64): void {
  store<usize>(changetype<usize>(tracer), changetype<usize>(new Random(a, a ^ 0x9e3779b97f4a7c15, 3, 4)), offsetof<Tracer>("random"));
}

/** Decides; the action is the result, `output` holds the new traceparent (55) and the parent id (8, little endian). */
export function decide(length: i32, count: i32, trusted: i32, parentBased: i32, share: u32, forced: i32): i32 {
  const incoming = new Incoming();
  if (count > 0) incoming.set(Field.Traceparent, count, Bytes.static(IN, length));
  const found = new Extractor([Format.TraceContext]).read(incoming, trusted != 0, tracer.context);
  tracer.decide(found, parentBased != 0, share, forced != 0);
  tracer.context.write(OUT);
  store<u64>(OUT, tracer.parentId, 56);
  return tracer.action;
}

export function sampled(traceLow: u64, share: u32): i32 {
  return sampledByTraceId(traceLow, share) ? 1 : 0;
}

/**
 * Headers of a tracestate, separated by line feeds, then our key and value after two more. Writes the result; -1 when all of it
 * is to be discarded.
 */
export function tracestate(length: i32, keyLength: i32, valueLength: i32): i32 {
  const before = enter(1);
  const state = new Tracestate();
  const all = Bytes.static(IN, length);
  let at = 0;
  let valid = true;
  while (valid && at <= length) {
    let end = all.indexOf(0x0a, at);
    if (end < 0) end = length;
    valid = state.add(all.slice(at, end));
    at = end + 1;
  }
  let result = -1;
  if (valid) {
    const text = new ArenaBuffer();
    state.write(text, Bytes.static(IN + <usize>length, keyLength), Bytes.static(IN + <usize>(length + keyLength), valueLength));
    memory.copy(OUT, text.at, text.length);
    result = text.length;
  }
  leave(before);
  return result;
}

/** One baggage header through a policy; the allowed keys lie behind it, separated by commas. The number of members. */
export function baggage(length: i32, allowLength: i32, maxMembers: i32, maxBytes: i32): i32 {
  const before = enter(1);
  const policy = new BaggagePolicy();
  policy.maxMembers = maxMembers;
  policy.maxBytes = maxBytes;
  if (allowLength > 0) {
    const keys = Bytes.static(IN + <usize>length, allowLength)
      .toString()
      .split(",");
    const allow: Bytes[] = [];
    for (let i = 0; i < keys.length; i++) allow.push(Bytes.of(keys[i]));
    policy.allow = allow;
  }
  const text = new ArenaBuffer();
  const members = policy.filter(Bytes.static(IN, length), text, 0);
  memory.copy(OUT, text.at, text.length);
  store<u8>(OUT + <usize>text.length, 0);
  leave(before);
  return members;
}

export function traceHeader(length: i32): i32 {
  return isTraceHeader(Bytes.static(IN, length)) ? 1 : 0;
}

/** A JSON string of bytes. */
export function quoted(length: i32, most: i32): i32 {
  const before = enter(1);
  const text = new ArenaBuffer();
  pushQuoted(text, Bytes.static(IN, length), most);
  const written = text.ok ? text.length : -1;
  if (text.ok) memory.copy(OUT, text.at, text.length);
  leave(before);
  return written;
}

/** Host and port: the host at `output`, its length, the port, and whether it looks like IPv4 (1) or IPv6 (2), at 1,024. */
export function endpoint(length: i32): i32 {
  const found = new Endpoint().read(Bytes.static(IN, length));
  memory.copy(OUT, found.host.ptr, found.host.length);
  store<u32>(OUT, found.port, 1024);
  store<u8>(OUT, found.isV4 ? 1 : found.isV6 ? 2 : 0, 1028);
  return found.host.length;
}

export function flags(bits: u64): i32 {
  const before = enter(1);
  const names = flagNames(bits, new ArenaBuffer());
  memory.copy(OUT, names.ptr, names.length);
  const length = names.length;
  leave(before);
  return length;
}

let queue: SpanQueue = new SpanQueue(Bytes.of("["), Bytes.of("]"), 1, 64);

export function queueOf(maxSpans: i32, maxBytes: i32): void {
  queue.free();
  queue = new SpanQueue(Bytes.of('{"a":['), Bytes.of("]}]}]}"), maxSpans, maxBytes);
}

export function queuePush(length: i32): i32 {
  return queue.push(Bytes.static(IN, length)) ? 1 : 0;
}

export function queueTake(spans: i32): i32 {
  const body = queue.body(spans);
  memory.copy(OUT, body.ptr, body.length);
  queue.release(spans);
  return body.length;
}

export function queueDrop(spans: i32): i32 {
  return queue.drop(spans);
}

export function queueCount(): i32 {
  return queue.count;
}

export function queueHalf(): i32 {
  return queue.half ? 1 : 0;
}
