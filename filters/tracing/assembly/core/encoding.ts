import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Endpoint } from "./endpoint";
import { hex } from "./hex";
import { pushQuoted } from "./json-text";
import { Span } from "./span";

/** Bytes of a value that a span keeps; of the path more. */
export const LONGEST: i32 = 256;
export const LONGEST_PATH: i32 = 512;

const TRACE_ID: Bytes = Bytes.of('{"traceId":"');

/** What a span mostly needs; more is found as it is written. */
const USUAL: i32 = 4096;

/** How spans are written. A batch is `prefix`, the spans with commas in between, `suffix`. */
export abstract class Encoding {
  /** Where it is written to; lies in the arena. */
  readonly into: ArenaBuffer = new ArenaBuffer();

  /** @param suffix eight bytes at most */
  constructor(
    readonly prefix: Bytes,
    readonly suffix: Bytes,
  ) {}

  /** All of a span but its attributes. @param peer the other side */
  abstract begin(span: Span, name: Bytes, route: Bytes, peer: Endpoint): void;

  /** Begins with nothing, and room for most spans. */
  protected restart(): ArenaBuffer {
    this.into.clear();
    this.into.reserve(USUAL);
    this.into.length = 0;
    return this.into;
  }

  /** An attribute. @param key of letters, digits and what needs no escape in JSON */
  abstract text(key: Bytes, value: Bytes, most: i32): void;

  abstract number(key: Bytes, value: u64): void;

  /** @param error what went wrong; empty: nothing */
  abstract end(error: Bytes): void;
}

/** `"GET"`, or `"GET orders"`. */
export function pushName(into: ArenaBuffer, name: Bytes, route: Bytes): void {
  pushQuoted(into, name, LONGEST);
  if (route.length == 0 || !into.ok) return;
  // The blank takes the place of the route's opening quote, which comes where the closing one was.
  const blank = --into.length;
  pushQuoted(into, route, LONGEST);
  if (into.ok) store<u8>(into.at + <usize>blank, 0x20);
}

/**
 * A span's beginning: whose it is. The last id's closing quote is left to what follows.
 * @param id, parent from the closing quote of the id before to the opening one of this: `","id":"`
 */
export function pushIds(into: ArenaBuffer, span: Span, id: Bytes, parent: Bytes): void {
  into.pushBytes(TRACE_ID);
  pushId(into, span.traceHigh);
  pushId(into, span.traceLow);
  into.pushBytes(id);
  pushId(into, span.id);
  if (span.parentId == 0) return;
  into.pushBytes(parent);
  pushId(into, span.parentId);
}

function pushId(into: ArenaBuffer, value: u64): void {
  const at = into.reserve(16);
  if (at != 0) hex(at, value, 16);
}
