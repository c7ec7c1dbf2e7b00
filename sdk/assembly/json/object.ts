import { Bytes, EMPTY } from "../bytes";
import { JsonDocument } from "./document";
import { JsonKind } from "./kind";
import { Parsed, parseDuration, parseInteger, parseScaled } from "./number";

/**
 * An object of a JSON document. Each reader marks its key as read, and answers the fallback when the key is absent; a value of the
 * wrong type or range is noted in the document, with path and place, and answers the fallback, too.
 */
export class JsonObject {
  /** @internal */
  constructor(
    readonly document: JsonDocument,
    readonly node: i32,
  ) {}

  /** False for the object that stands for an absent one. */
  get present(): bool {
    return this.node >= 0;
  }

  /** True when nothing was wrong in the whole document and every key of this object was read, nested ones included. Call it last. */
  ok(): bool {
    return this.document._okAt(this.node);
  }

  /** Number of keys. */
  get size(): i32 {
    return this.document.tape.children(this.node);
  }

  /** Key `index` (0 to size - 1) in the text's order, owned; empty outside. For objects whose keys are data. */
  keyAt(index: i32): string {
    const tape = this.document.tape;
    let child = tape.firstChild(this.node);
    while (child > 0 && index-- > 0) child = tape.next(child);
    return child > 0 ? tape.key(child).toString() : "";
  }

  /** What the key holds; does not mark it as read. */
  kind(key: string): JsonKind {
    const read = this.node >= 0 ? this.document.tape.peek(this.node, key) : -1;
    return this.document.tape.kind(read);
  }

  has(key: string): bool {
    return this.kind(key) != JsonKind.Absent;
  }

  /** Owned bytes of a string. */
  bytes(key: string, otherwise: Bytes = EMPTY): Bytes {
    const node = this.scalar(key, JsonKind.String, "a string");
    return node < 0 ? otherwise : this.document.tape.content(node).copy();
  }

  string(key: string, otherwise: string = ""): string {
    const node = this.scalar(key, JsonKind.String, "a string");
    return node < 0 ? otherwise : this.document.tape.content(node).toString();
  }

  boolean(key: string, otherwise: bool = false): bool {
    const node = this.scalar(key, JsonKind.Boolean, "true or false");
    return node < 0 ? otherwise : this.document.tape.content(node).at(0) == 0x74;
  }

  /** A whole number from `least` to `most`, exact to 64 bits. */
  integer(key: string, otherwise: i64 = 0, least: i64 = i64.MIN_VALUE, most: i64 = i64.MAX_VALUE): i64 {
    const wanted = "a whole number" + range(least, most);
    const node = this.scalar(key, JsonKind.Number, wanted);
    if (node < 0) return otherwise;
    if (parseInteger(this.document.tape.content(node)) && Parsed.value >= least && Parsed.value <= most) return Parsed.value;
    this.mismatch(node, wanted);
    return otherwise;
  }

  /** A percentage from 0 to 100 as parts per 1,000,000,000; decimals beyond the seventh are dropped. */
  percentage(key: string, otherwise: u32 = 0): u32 {
    const node = this.scalar(key, JsonKind.Number, "a number from 0 to 100");
    if (node < 0) return otherwise;
    // 100.00000001 and -0.00000001 are not within the bounds, though what is left of them after the seventh decimal is.
    if (parseScaled(this.document.tape.content(node), 7)) {
      const value = Parsed.value;
      const within = value >= 0 && value <= 1_000_000_000;
      const atEdge = value == 1_000_000_000 || (value == 0 && Parsed.negative);
      if (within && (!atEdge || Parsed.exact)) return <u32>value;
    }
    this.mismatch(node, "a number from 0 to 100");
    return otherwise;
  }

  /** A duration such as "250ms", in nanoseconds, from `least` to `most`. */
  duration(key: string, otherwise: i64 = 0, least: i64 = 0, most: i64 = i64.MAX_VALUE): i64 {
    const wanted = 'a duration with a unit, as "250ms" or "1.5s"';
    const node = this.scalar(key, JsonKind.String, wanted);
    if (node < 0) return otherwise;
    if (!parseDuration(this.document.tape.content(node))) this.mismatch(node, wanted);
    else if (Parsed.value < least || Parsed.value > most) this.document.problem(node, "duration out of range");
    else return Parsed.value;
    return otherwise;
  }

  /** The index of the string in `choices`. */
  choice(key: string, choices: string[], otherwise: i32 = 0): i32 {
    const wanted = 'one of "' + choices.join('", "') + '"';
    const node = this.scalar(key, JsonKind.String, wanted);
    if (node < 0) return otherwise;
    const index = choices.indexOf(this.document.tape.content(node).toString());
    if (index >= 0) return index;
    this.mismatch(node, wanted);
    return otherwise;
  }

  /** A nested object; an empty one, not `present`, when absent. */
  object(key: string): JsonObject {
    return new JsonObject(this.document, this.scalar(key, JsonKind.Object, "an object"));
  }

  /** A nested array; an empty one when absent. */
  array(key: string): JsonArray {
    return new JsonArray(this.document, this.scalar(key, JsonKind.Array, "an array"));
  }

  /** Takes the key, if it is there, with whatever it holds: somebody else's. */
  ignore(key: string): void {
    const node = this.document.tape.find(this.node, key);
    if (node >= 0) this.document.tape.markBad(node);
  }

  /** Notes a problem of a key's value (of the object itself when absent): what only the filter can judge. */
  problem(key: string, message: string): void {
    const tape = this.document.tape;
    // Asked for a field without a name, it would be listed among those that there are.
    const node = this.node < 0 || key.length == 0 ? -1 : tape.peek(this.node, key);
    if (node >= 0) {
      // Judged is read: that nobody else asked for it is no second problem.
      if (!tape.wasRead(node)) tape.markBad(node);
      this.document.problem(node, message);
    } else this.document.problem(max(this.node, 0), key.length ? key + " " + message : message);
  }

  private scalar(key: string, kind: JsonKind, wanted: string): i32 {
    const node = this.document.tape.find(this.node, key);
    if (node < 0 || this.document.tape.kind(node) == kind) return node;
    this.mismatch(node, wanted);
    return -1;
  }

  private mismatch(node: i32, wanted: string): void {
    this.document.tape.markBad(node);
    this.document.problem(node, "must be " + wanted + ", got " + this.document.tape.shown(node));
  }
}

/** An array of a JSON document. Readers go by index; what is wrong is noted as in `JsonObject`. */
export class JsonArray {
  // Where the last element was found: a loop by index is linear.
  private lastIndex: i32 = -1;
  private lastNode: i32 = -1;

  /** @internal */
  constructor(
    readonly document: JsonDocument,
    readonly node: i32,
  ) {}

  get length(): i32 {
    return this.document.tape.children(this.node);
  }

  kind(index: i32): JsonKind {
    return this.document.tape.kind(this.element(index));
  }

  string(index: i32, otherwise: string = ""): string {
    const node = this.typed(index, JsonKind.String, "a string");
    return node < 0 ? otherwise : this.document.tape.content(node).toString();
  }

  /** Owned bytes of a string. */
  bytes(index: i32, otherwise: Bytes = EMPTY): Bytes {
    const node = this.typed(index, JsonKind.String, "a string");
    return node < 0 ? otherwise : this.document.tape.content(node).copy();
  }

  /** The index of the string in `choices`, or -1. */
  choice(index: i32, choices: string[]): i32 {
    const wanted = 'one of "' + choices.join('", "') + '"';
    const node = this.typed(index, JsonKind.String, wanted);
    if (node < 0) return -1;
    const found = choices.indexOf(this.document.tape.content(node).toString());
    if (found < 0) this.problem(index, "must be " + wanted + ", got " + this.document.tape.shown(node));
    return found;
  }

  integer(index: i32, otherwise: i64 = 0, least: i64 = i64.MIN_VALUE, most: i64 = i64.MAX_VALUE): i64 {
    const node = this.typed(index, JsonKind.Number, "a whole number" + range(least, most));
    if (node < 0) return otherwise;
    if (parseInteger(this.document.tape.content(node)) && Parsed.value >= least && Parsed.value <= most) return Parsed.value;
    this.problem(index, "must be a whole number" + range(least, most) + ", got " + this.document.tape.shown(node));
    return otherwise;
  }

  object(index: i32): JsonObject {
    return new JsonObject(this.document, this.typed(index, JsonKind.Object, "an object"));
  }

  array(index: i32): JsonArray {
    return new JsonArray(this.document, this.typed(index, JsonKind.Array, "an array"));
  }

  problem(index: i32, message: string): void {
    const node = this.element(index);
    this.document.problem(node < 0 ? max(this.node, 0) : node, message);
  }

  private element(index: i32): i32 {
    if (index < 0 || index >= this.length) return -1;
    const tape = this.document.tape;
    const forward = this.lastIndex >= 0 && index >= this.lastIndex;
    let child = forward ? this.lastNode : tape.firstChild(this.node);
    for (let i = forward ? this.lastIndex : 0; i < index && child > 0; i++) child = tape.next(child);
    if (child > 0) {
      tape.markRead(child);
      this.lastIndex = index;
      this.lastNode = child;
    }
    return child;
  }

  private typed(index: i32, kind: JsonKind, wanted: string): i32 {
    const node = this.element(index);
    if (node < 0 || this.document.tape.kind(node) == kind) return node;
    this.document.tape.markBad(node);
    this.document.problem(node, "must be " + wanted + ", got " + this.document.tape.shown(node));
    return -1;
  }
}

function range(least: i64, most: i64): string {
  if (least == i64.MIN_VALUE && most == i64.MAX_VALUE) return "";
  if (most == i64.MAX_VALUE) return " of " + least.toString() + " or more";
  return " from " + least.toString() + " to " + most.toString();
}
