import { Bytes, isUtf8 } from "../bytes";
import { JsonKind } from "./kind";
import { JsonObject } from "./object";
import { Scanner } from "./scanner";
import { Tape } from "./tape";

/**
 * A JSON text (RFC 8259, strict): read whole, checked whole, never a trap on any bytes. Duplicate keys, a lone surrogate, bytes that
 * are not UTF-8, more than `maxDepth` levels or `maxValues` values are errors. Work and memory are linear in the text.
 *
 * Everything that reads from it notes what was wrong and which keys were asked for; `ok()` then tells whether all was right and
 * all was read, and `report()` says what and where.
 */
export class JsonDocument {
  /** @internal */
  readonly tape: Tape;
  private problems: string[] = [];
  private count: i32 = 0;
  /** The text is JSON. */
  private valid: bool = false;

  private constructor(text: Bytes, maxValues: i32) {
    this.tape = new Tape(text, maxValues);
  }

  /** Reads `text`, which must stay valid as long as the document is used. Never null: `ok()` tells. */
  static parse(text: Bytes, maxDepth: i32 = 64, maxValues: i32 = 65536): JsonDocument {
    const document = new JsonDocument(text, maxValues);
    if (!isUtf8(text.ptr, text.length)) {
      document.add("not UTF-8");
      return document;
    }
    const scanner = new Scanner(document.tape, maxDepth);
    document.valid = scanner.run();
    if (!document.valid) document.add(document.tape.place(scanner.at) + ": " + scanner.problem);
    return document;
  }

  /** True when the text is valid JSON and its value an object. */
  get isObject(): bool {
    if (this.valid && this.tape.kind(0) != JsonKind.Object) {
      this.valid = false;
      this.add("must be a JSON object");
    }
    return this.valid;
  }

  /** The top-level object; one without fields when there is none. */
  get root(): JsonObject {
    return new JsonObject(this, this.valid && this.tape.kind(0) == JsonKind.Object ? 0 : -1);
  }

  /** True when nothing was wrong and every key was read. Call it last. */
  ok(): bool {
    return this._okAt(0);
  }

  /** @internal The same, of what is in one value; of none (-1) when it is absent. */
  _okAt(node: i32): bool {
    if (node >= 0 && this.valid) this.findUnread(node);
    return this.count == 0;
  }

  /** The first three problems in one line, and how many there are. */
  report(): string {
    const text = this.problems.slice(0, 3).join("; ");
    return this.count > 3 ? text + "; and " + (this.count - 3).toString() + " more" : text;
  }

  /** @internal Notes a problem of a value: its path, its place, the message. */
  problem(node: i32, message: string): void {
    if (this.problems.length >= 3)
      this.count++; // only three are shown
    else this.note(node, this.tape.placeOf(node), message);
  }

  private note(node: i32, place: string, message: string): void {
    const path = this.tape.path(node);
    this.add((path.length ? path : "configuration") + " (" + place + "): " + message);
  }

  private add(text: string): void {
    this.count++;
    if (this.problems.length < 3) this.problems.push(text);
  }

  private findUnread(top: i32): void {
    const tape = this.tape;
    // Values stand in the order of the text: those of `top` directly behind it.
    for (let node = top + 1; node < tape.count; node++) {
      const parent = tape.parent(node);
      if (parent < top) break;
      // Of a part that nobody looked into, or of the wrong type, only the top is named.
      if (tape.isBad(parent)) tape.markBad(node);
      if (tape.wasRead(node)) continue;
      tape.markBad(node);
      if (this.problems.length >= 3) this.count++;
      else if (tape.kind(parent) == JsonKind.Object) this.note(node, tape.placeOfKey(node), "unknown field" + tape.suggestion(node));
      else this.problem(node, "not expected here");
    }
  }
}
