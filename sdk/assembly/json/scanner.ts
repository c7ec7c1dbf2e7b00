import { Bytes } from "../bytes";
import { JsonKind } from "./kind";
import { Tape } from "./tape";

/** Reads a text on to a tape: one pass, no recursion; the first error ends it. */
export class Scanner {
  /** Where reading stopped. */
  at: i32 = 0;
  problem: string = "";
  private text: Bytes;
  // The string read last: where its content lies, and whether that is the tape's side buffer.
  private start: i32 = 0;
  private end: i32 = 0;
  private side: bool = false;

  constructor(
    private tape: Tape,
    private maxDepth: i32,
  ) {
    this.text = tape.text;
  }

  run(): bool {
    let container = -1; // the open array or object, -1: none
    let depth = 0;
    let valueComes = true;
    while (true) {
      this.space();
      const inObject = container >= 0 && this.tape.kind(container) == JsonKind.Object;
      if (valueComes) {
        const node = inObject ? this.member(container) : this.value(container);
        if (node < 0) return false;
        const kind = this.tape.kind(node);
        valueComes = false;
        if (kind == JsonKind.Object || kind == JsonKind.Array) {
          if (++depth > this.maxDepth) {
            this.at--; // the bracket
            return this.fail("nested more than " + this.maxDepth.toString() + " deep");
          }
          container = node;
          this.space();
          valueComes = this.peek() != (kind == JsonKind.Object ? 0x7d : 0x5d);
        }
        continue;
      }
      if (container < 0) return this.at == this.text.length || this.fail("text after the end of the value");
      if (this.peek() == 0x2c) {
        this.at++;
        valueComes = true;
      } else if (this.peek() == (inObject ? 0x7d : 0x5d)) {
        this.tape.close(container, ++this.at);
        container = container == 0 ? -1 : this.tape.parent(container);
        depth--;
      } else {
        return this.fail(inObject ? "expected ',' or '}'" : "expected ',' or ']'");
      }
    }
  }

  private member(container: i32): i32 {
    const at = this.at;
    if (this.peek() != 0x22) return this.bad("expected a key in double quotes");
    if (!this.string()) return -1;
    const start = this.start;
    const end = this.end;
    const side = this.side;
    this.space();
    if (this.peek() != 0x3a) return this.bad("expected ':' after the key");
    this.at++;
    this.space();
    const node = this.value(container);
    if (node >= 0 && !this.tape.name(node, start, end, side)) {
      this.at = at;
      if (this.tape.crowded) return this.bad("too many keys that hash alike");
      return this.bad('duplicate key "' + this.tape.shownKey(node) + '"');
    }
    return node;
  }

  /** Reads a scalar, or the opening of a container. */
  private value(container: i32): i32 {
    const from = this.at;
    const c = this.peek();
    let node = -1;
    if (c == 0x22) {
      if (!this.string()) return -1;
      node = this.tape.add(JsonKind.String, container, this.start, this.end, this.side);
    } else if (c == 0x7b || c == 0x5b) {
      this.at++;
      node = this.tape.add(c == 0x7b ? JsonKind.Object : JsonKind.Array, container, from, from, false);
    } else if (c == 0x2d || isDigit(c)) {
      if (!this.number()) return -1;
      node = this.tape.add(JsonKind.Number, container, from, this.at, false);
    } else if (this.word("true") || this.word("false")) {
      node = this.tape.add(JsonKind.Boolean, container, from, this.at, false);
    } else if (this.word("null")) {
      node = this.tape.add(JsonKind.Null, container, from, this.at, false);
    } else {
      return this.bad(c < 0 ? "unexpected end" : "expected a value");
    }
    return node < 0 ? this.bad("more than " + this.tape.limit.toString() + " values") : node;
  }

  /** RFC 8259, 6: no leading zero, digits on both sides of the point. */
  private number(): bool {
    if (this.peek() == 0x2d) this.at++;
    if (this.peek() == 0x30) this.at++;
    else if (!this.digits()) return this.fail("expected a digit");
    if (isDigit(this.peek())) return this.fail("a number must not begin with 0");
    if (this.peek() == 0x2e) {
      this.at++;
      if (!this.digits()) return this.fail("expected a digit after the point");
    }
    if ((this.peek() | 0x20) == 0x65) {
      this.at++;
      if (this.peek() == 0x2b || this.peek() == 0x2d) this.at++;
      if (!this.digits()) return this.fail("expected a digit in the exponent");
    }
    return true;
  }

  private digits(): bool {
    const from = this.at;
    while (isDigit(this.peek())) this.at++;
    return this.at > from;
  }

  private string(): bool {
    const open = this.at++;
    this.side = false;
    this.start = this.at;
    while (true) {
      const c = this.peek();
      if (c == 0x22) break;
      if (c < 0) {
        this.at = open;
        return this.fail("string without an end");
      }
      if (c < 0x20) return this.fail("control character in a string: write it as \\u00" + (c < 16 ? "0" : "") + c.toString(16));
      if (c == 0x5c) {
        if (!this.side) this.spill();
        if (!this.escape()) return false;
      } else {
        if (this.side) this.tape.sideByte(<u8>c);
        this.at++;
      }
    }
    this.end = this.side ? this.tape.sideUsed : this.at;
    this.at++;
    return true;
  }

  /** The string's first escape: from here on its decoded text goes to the side buffer. */
  private spill(): void {
    const from = this.start;
    this.side = true;
    this.start = this.tape.sideUsed;
    for (let i = from; i < this.at; i++) this.tape.sideByte(<u8>this.text.at(i));
  }

  private escape(): bool {
    const c = this.text.at(this.at + 1);
    let plain = 0;
    if (c == 0x22 || c == 0x5c || c == 0x2f) plain = c;
    else if (c == 0x62) plain = 8;
    else if (c == 0x66) plain = 12;
    else if (c == 0x6e) plain = 10;
    else if (c == 0x72) plain = 13;
    else if (c == 0x74) plain = 9;
    else if (c == 0x75) return this.unicode();
    else return this.fail("unknown escape");
    this.tape.sideByte(<u8>plain);
    this.at += 2;
    return true;
  }

  private unicode(): bool {
    let code = this.hex(this.at + 2);
    if (code < 0) return this.fail("expected four hexadecimal digits after \\u");
    this.at += 6;
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = this.text.at(this.at) == 0x5c && this.text.at(this.at + 1) == 0x75 ? this.hex(this.at + 2) : -1;
      if (code > 0xdbff || low < 0xdc00 || low > 0xdfff) {
        this.at -= 6;
        return this.fail("half of a surrogate pair");
      }
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      this.at += 6;
    }
    const tape = this.tape;
    if (code < 0x80) {
      tape.sideByte(<u8>code);
    } else if (code < 0x800) {
      tape.sideByte(<u8>(0xc0 | (code >> 6)));
      tape.sideByte(<u8>(0x80 | (code & 63)));
    } else if (code < 0x10000) {
      tape.sideByte(<u8>(0xe0 | (code >> 12)));
      tape.sideByte(<u8>(0x80 | ((code >> 6) & 63)));
      tape.sideByte(<u8>(0x80 | (code & 63)));
    } else {
      tape.sideByte(<u8>(0xf0 | (code >> 18)));
      tape.sideByte(<u8>(0x80 | ((code >> 12) & 63)));
      tape.sideByte(<u8>(0x80 | ((code >> 6) & 63)));
      tape.sideByte(<u8>(0x80 | (code & 63)));
    }
    return true;
  }

  private hex(from: i32): i32 {
    let value = 0;
    for (let i = from; i < from + 4; i++) {
      const c = this.text.at(i);
      const digit = isDigit(c) ? c - 0x30 : (c | 0x20) >= 0x61 && (c | 0x20) <= 0x66 ? (c | 0x20) - 0x57 : -1;
      if (c < 0 || digit < 0) return -1;
      value = (value << 4) | digit;
    }
    return value;
  }

  private word(word: string): bool {
    for (let i = 0; i < word.length; i++) {
      if (this.text.at(this.at + i) != word.charCodeAt(i)) return false;
    }
    this.at += word.length;
    return true;
  }

  private space(): void {
    while (true) {
      const c = this.peek();
      if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return;
      this.at++;
    }
  }

  /** The next byte, or -1 at the end. */
  private peek(): i32 {
    return this.text.at(this.at);
  }

  private fail(problem: string): bool {
    this.problem = problem;
    return false;
  }

  private bad(problem: string): i32 {
    this.problem = problem;
    return -1;
  }
}

// @ts-ignore: decorator
@inline function isDigit(c: i32): bool {
  return c >= 0x30 && c <= 0x39;
}
