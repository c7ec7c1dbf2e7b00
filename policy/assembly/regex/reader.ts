import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { hexadecimalDigit, isDigit, isWord } from "../ascii";
import { Node } from "./node";

export const MAX_REPEAT = 1000;

/** The bytes of a pattern, read from left to right, and the first mistake in them. */
export abstract class Reader {
  error: string = "";
  protected at: i32 = 0;

  constructor(protected pattern: Bytes) {}

  /** A number without leading zeros; -1 when there is none. */
  protected count(): i32 {
    const start = this.at;
    let value = 0;
    while (isDigit(this.peek())) value = min(MAX_REPEAT + 1, value * 10 + this.pattern.at(this.at++) - 0x30);
    const leading = this.at - start > 1 && this.pattern.at(start) == 0x30;
    return this.at == start || leading ? -1 : value;
  }

  /** The byte of `\n`, `\x7f` and the like; -1 with an error. */
  protected escape(): i32 {
    const start = this.at++;
    if (this.at >= this.pattern.length) return this.noEscape("\\ at the end", start);
    const letter = this.pattern.at(this.at++);
    if (letter < 0x80 && !isWord(letter)) return letter;
    if (letter == 0x5f) return letter;
    if (letter == 0x6e) return 0x0a;
    if (letter == 0x74) return 0x09;
    if (letter == 0x72) return 0x0d;
    if (letter == 0x66) return 0x0c;
    if (letter == 0x76) return 0x0b;
    if (letter == 0x61) return 0x07;
    if (letter == 0x78) return this.hexadecimal(start);
    if (letter == 0x30 || (isOctal(letter) && isOctal(this.peek()))) {
      let code = letter - 0x30;
      for (let i = 0; i < 2 && isOctal(this.peek()); i++) code = (code << 3) + this.pattern.at(this.at++) - 0x30;
      return code < 0x100 ? code : this.noEscape("character above \\377", start);
    }
    if (isDigit(letter) || letter == 0x6b) return this.noEscape("back references are not supported", start);
    if ((letter | 0x20) == 0x70) return this.noEscape("Unicode classes (\\p) are not supported", start);
    if (letter == 0x43) return this.noEscape("\\C is not supported", start);
    return this.noEscape(letter < 0x80 ? "unknown escape \\" + String.fromCharCode(letter) : "unknown escape", start);
  }

  protected hexadecimal(start: i32): i32 {
    const braces = this.take(0x7b);
    let code = 0;
    let digits = 0;
    while ((braces || digits < 2) && hexadecimalDigit(this.peek()) >= 0 && code < 0x100) {
      code = (code << 4) | hexadecimalDigit(this.pattern.at(this.at++));
      digits++;
    }
    const complete = braces ? digits > 0 && this.take(0x7d) : digits == 2;
    return complete && code < 0x100 ? code : this.noEscape("\\x without two digits or {0 to FF}", start);
  }

  /** The next byte; -1 at the end. */
  protected peek(): i32 {
    return this.pattern.at(this.at);
  }

  protected take(byte: i32): bool {
    if (this.peek() != byte) return false;
    this.at++;
    return true;
  }

  protected fail(what: string, at: i32): Node | null {
    this.refuse(what, at);
    return null;
  }

  protected refuse(what: string, at: i32): bool {
    if (!this.error.length) this.error = what + " at byte " + at.toString();
    return false;
  }

  protected noEscape(what: string, at: i32): i32 {
    this.refuse(what, at);
    return -1;
  }
}

function isOctal(byte: i32): bool {
  return <u32>(byte - 0x30) < 8;
}
