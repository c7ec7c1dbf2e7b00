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
    const bytes = new Uint8Array(16);
    this.fill(bytes);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Buffer.from(bytes.buffer).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }
}
