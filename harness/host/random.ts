/** A source of chance that a seed decides: the same seed, the same bytes. */
export class SeededRandom {
  private a = 0x9e3779b9;
  private b = 0x243f6a88;
  private c = 0xb7e15162;
  private counter = 1;

  /** @param seed any text or number */
  constructor(readonly seed: string | number) {
    const text = String(seed);
    for (let i = 0; i < text.length; i++) {
      this.a = Math.imul(this.a ^ text.charCodeAt(i), 0x01000193);
      this.next();
    }
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 32 random bits, unsigned. The generator is sfc32 (Chris Doty-Humphrey, PractRand): small, fast, and passes its author's tests. */
  next(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Fills with random bytes. */
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 4) {
      let bits = this.next();
      for (let j = i; j < Math.min(i + 4, bytes.length); j++, bits >>>= 8) bytes[j] = bits & 0xff;
    }
  }

  /** A version 4 UUID, as Envoy's `x-request-id`. */
  uuid(): string {
    const a = hex(this.next());
    const b = hex(((this.next() & 0xffff0fff) | 0x4000) >>> 0);
    const c = hex(((this.next() & 0x3fffffff) | 0x80000000) >>> 0);
    return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${hex(this.next())}`;
  }
}

function hex(bits: number): string {
  return bits.toString(16).padStart(8, "0");
}
