import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/**
 * What came of a body so far, kept from callback to callback. Each piece is copied once, however many there are: who sends a body byte by byte
 * must not make us copy all of it each time.
 */
export class Text {
  length: i32 = 0;
  private buffer: ArrayBuffer = new ArrayBuffer(0);

  add(piece: Bytes): void {
    const needed = this.length + piece.length;
    if (needed > this.buffer.byteLength) {
      const buffer = new ArrayBuffer(max(needed, this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(buffer), changetype<usize>(this.buffer), this.length);
      this.buffer = buffer;
    }
    memory.copy(changetype<usize>(this.buffer) + <usize>this.length, piece.ptr, piece.length);
    this.length = needed;
  }

  bytes(): Bytes {
    return Bytes.owning(this.buffer).slice(0, this.length);
  }
}
