/** Bytes on their way: what has come and has not gone on yet. */
export class Body {
  private parts: Buffer[] = [];
  private total = 0;

  constructor(bytes?: Uint8Array) {
    if (bytes) this.append(bytes);
  }

  get length(): number {
    return this.total;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.total += bytes.length;
  }

  prepend(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.parts.unshift(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.total += bytes.length;
  }

  /** Drops bytes from the front. */
  drain(count: number): void {
    const rest = this.bytes().subarray(count);
    this.parts = rest.length === 0 ? [] : [rest];
    this.total = rest.length;
  }

  /** Takes everything out of another one. */
  moveFrom(other: Body): void {
    this.append(other.bytes());
    other.drain(other.length);
  }

  /** All bytes; they stay. */
  bytes(): Buffer {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
    return this.parts[0] ?? EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);
