import { WasmFormatError } from "./types.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A cursor over a range of a module's bytes. Every read is checked against the end of the range. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  fail(message: string): never {
    throw new WasmFormatError(message, this.offset);
  }

  byte(what: string): number {
    const value = this.offset < this.end ? this.bytes[this.offset] : undefined;
    if (value === undefined) this.fail(`${what} is cut off`);
    this.offset++;
    return value;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(what: string): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte(what);
      // Not `<<`: bit 31 would make the number negative.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) this.fail(`${what} is above 32 bits`);
        return value;
      }
    }
    return this.fail(`${what} is longer than five bytes`);
  }

  /** Passes over a LEB128 number of either sign. */
  skipLeb(what: string): void {
    for (let n = 0; n < 10; n++) if (this.byte(what) < 0x80) return;
    this.fail(`${what} is longer than ten bytes`);
  }

  skip(length: number, what: string): void {
    if (length > this.end - this.offset) this.fail(`${what} is cut off: ${length} bytes announced, ${this.end - this.offset} left`);
    this.offset += length;
  }

  /** A number of items that each take at least one byte, so that a forged count cannot make anyone allocate. */
  count(what: string): number {
    const n = this.u32(`the number of ${what}`);
    if (n > this.end - this.offset) this.fail(`${n} ${what} announced in ${this.end - this.offset} bytes`);
    return n;
  }

  text(what: string): string {
    const length = this.u32(`the length of ${what}`);
    const start = this.offset;
    this.skip(length, what);
    try {
      return utf8.decode(this.bytes.subarray(start, this.offset));
    } catch {
      return this.fail(`${what} is not UTF-8`);
    }
  }

  /** A reader over the next `length` bytes, which this one passes over. */
  part(length: number, what: string): Reader {
    const start = this.offset;
    this.skip(length, what);
    return new Reader(this.bytes, start, this.offset);
  }
}
