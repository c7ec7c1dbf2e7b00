import { Bytes, HeaderName } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../attributes";
import { Value, Walked } from "../value";

/** A request header, each line of it an occurrence. */
export class HeaderValue extends Walked {
  private line: i32 = 0;

  constructor(private name: HeaderName) {
    super();
  }

  rewind(): void {
    this.line = 0;
  }

  advance(from: Attributes): Bytes | null {
    const at = from.headers.indexOf(this.name, this.line);
    this.line = at + 1;
    return at < 0 ? null : from.headers.valueAt(at);
  }
}

/** Null when the name is none. Pseudo headers have names of their own here: `request.path` and its like. */
export function headerValue(name: string): Value | null {
  const made = new HeaderName(name);
  return made.valid && !name.startsWith(":") ? new HeaderValue(made) : null;
}
