import { Bytes, HeaderName } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Walked } from "../value";

const COOKIE: HeaderName = new HeaderName("cookie");

/** A cookie by name, over all Cookie headers (RFC 6265, 4.2.1). Names are compared exactly; quotes belong to the value. */
export class CookieValue extends Walked {
  private line: i32 = 0;
  private start: i32 = 0;

  constructor(private name: Bytes) {
    super();
  }

  rewind(): void {
    this.line = 0;
    this.start = 0;
  }

  advance(from: Attributes): Bytes | null {
    for (let at = from.headers.indexOf(COOKIE, this.line); at >= 0; at = from.headers.indexOf(COOKIE, at + 1)) {
      this.line = at;
      const line = from.headers.valueAt(at);
      if (line !== null) {
        const value = this.find(line);
        if (value !== null) return value;
      }
      this.line = at + 1;
      this.start = 0;
    }
    return null;
  }

  /** The next one in a header, which is the same one until `rewind`. */
  find(line: Bytes): Bytes | null {
    while (this.start < line.length) {
      const semicolon = line.indexOf(0x3b, this.start);
      const end = semicolon < 0 ? line.length : semicolon;
      const equals = line.indexOf(0x3d, this.start);
      const start = this.start;
      this.start = end + 1;
      if (equals < 0 || equals >= end) continue;
      if (line.slice(start, equals).trim().equals(this.name)) return line.slice(equals + 1, end).trim();
    }
    return null;
  }
}
