import { Bytes } from "../bytes";
import { Status } from "../abi/enums";
import { ArenaBuffer } from "../memory/arena";
import { copyBytes } from "../memory/copy";
import { Misuse, refuse } from "../refuse";
import { HeaderName, isFieldValue, isRequestValue, NameKind } from "./name";

/** Envoy's limits for a block of headers that a module sends; one more of either, and Envoy takes the block for empty. */
export const MAX_PAIRS: i32 = 1024;
export const MAX_PAIRS_BYTES: i32 = 1 << 20;

/**
 * Headers to send with a local reply or a callout. Kept in order, names may repeat.
 *
 * ```ts
 * const headers = new HeaderList().add(RETRY_AFTER, Bytes.of("1"));
 * ```
 *
 * `status` is Ok until something was refused: an invalid name or value, a 1,025th pair, more than 1 MiB. A list that is not Ok
 * is refused as a whole where it is used, for a reply without its headers can be worse than none.
 */
export class HeaderList {
  status: Status = Status.Ok;
  count: i32 = 0;
  /** The last name that only a request may hold, or that Envoy writes itself; null when there is none. */
  pseudo: HeaderName | null = null;
  framing: HeaderName | null = null;
  hasStatus: bool = false;
  private sizes: StaticArray<i32> = new StaticArray<i32>(16);
  private text: ArrayBuffer = new ArrayBuffer(512);
  private used: i32 = 0;

  add(name: HeaderName, value: Bytes): HeaderList {
    if (name.kind == NameKind.Invalid) {
      this.status = refuse(Misuse.HeaderName, "header name is not a token (RFC 9110): " + quote(name.bytes));
      return this;
    }
    if (!isFieldValue(value)) {
      this.status = refuse(Misuse.HeaderValue, "value of header " + name.toString() + " holds CR, LF, NUL or another control character");
      return this;
    }
    const needed = this.used + name.bytes.length + value.length + 2;
    if (this.count >= MAX_PAIRS || needed + 4 + (this.count + 1) * 8 > MAX_PAIRS_BYTES) {
      this.status = refuse(Misuse.TooManyHeaders, "more than 1,024 headers or 1 MiB: Envoy would send none of them");
      return this;
    }
    // Envoy would join a second one, and write a blank into the request line.
    if (name.kind == NameKind.Pseudo && !name.bytes.equals(HeaderName.STATUS.bytes) && (this.has(name) || !isRequestValue(name, value))) {
      this.status = refuse(Misuse.ProtectedHeader, name.toString() + " twice, or not a value for a request line");
      return this;
    }
    if (name.kind == NameKind.Pseudo) {
      this.pseudo = name;
      if (name.bytes.equals(HeaderName.STATUS.bytes)) this.hasStatus = true;
    }
    if (name.kind == NameKind.Framing) this.framing = name;
    this.grow(needed);
    unchecked((this.sizes[this.count * 2] = name.bytes.length));
    unchecked((this.sizes[this.count * 2 + 1] = value.length));
    this.count++;
    this.put(name.bytes);
    this.put(value);
    return this;
  }

  addText(name: HeaderName, value: string): HeaderList {
    return this.add(name, Bytes.of(value));
  }

  /** True when a header of this name is in the list. */
  has(name: HeaderName): bool {
    let at = changetype<usize>(this.text);
    for (let i = 0; i < this.count; i++) {
      const length = unchecked(this.sizes[i * 2]);
      if (length == name.bytes.length && memory.compare(at, name.bytes.ptr, length) == 0) return true;
      at += <usize>(length + unchecked(this.sizes[i * 2 + 1]) + 2);
    }
    return false;
  }

  /** The ABI's form: count, pairs of sizes, then names and values, each closed by NUL. Written to `into`. */
  serialize(into: ArenaBuffer): void {
    const head = into.reserve(4 + this.count * 8);
    if (head == 0) return;
    store<u32>(head, this.count);
    memory.copy(head + 4, changetype<usize>(this.sizes), this.count * 8);
    into.push(changetype<usize>(this.text), this.used);
  }

  private put(bytes: Bytes): void {
    const at = changetype<usize>(this.text) + <usize>this.used;
    copyBytes(at, bytes.ptr, <usize>bytes.length);
    store<u8>(at + <usize>bytes.length, 0);
    this.used += bytes.length + 1;
  }

  private grow(needed: i32): void {
    if (needed > this.text.byteLength) {
      const text = new ArrayBuffer(max(needed, this.text.byteLength * 2));
      memory.copy(changetype<usize>(text), changetype<usize>(this.text), this.used);
      this.text = text;
    }
    if (this.count * 2 + 2 > this.sizes.length) {
      const sizes = new StaticArray<i32>(this.sizes.length * 2);
      memory.copy(changetype<usize>(sizes), changetype<usize>(this.sizes), this.count * 8);
      this.sizes = sizes;
    }
  }
}

/** For log lines: at most 40 bytes, in quotes, control characters as `?`. Never used for values. */
export function quote(name: Bytes): string {
  const shown = name.length > 40 ? name.slice(0, 40) : name;
  let text = '"';
  for (let i = 0; i < shown.length; i++) {
    const c = shown.at(i);
    text += c >= 0x20 && c < 0x7f ? String.fromCharCode(c) : "?";
  }
  return text + (name.length > 40 ? '..."' : '"');
}
