import { Bytes } from "../bytes";
import { ArenaBuffer } from "../memory/arena";

/** What foreign functions take: a protobuf message of a few fields. https://protobuf.dev/programming-guides/encoding/ */
export class ProtoWriter {
  private readonly buffer: ArenaBuffer = new ArenaBuffer();

  /** A string, bytes or message field; left out when empty, as proto3 does. */
  bytes(field: u32, value: Bytes): ProtoWriter {
    if (value.length == 0) return this;
    value._fresh();
    this.varint((field << 3) | 2);
    this.varint(value.length);
    this.buffer.push(value.ptr, value.length);
    return this;
  }

  /** An integer, bool or enum field; left out when 0. */
  number(field: u32, value: u64): ProtoWriter {
    if (value == 0) return this;
    this.varint(field << 3);
    this.varint(value);
    return this;
  }

  /** False once memory ran out. */
  get ok(): bool {
    return this.buffer.ok;
  }

  /** The message, borrowed. */
  message(): Bytes {
    return this.buffer.bytes();
  }

  private varint(value: u64): void {
    while (value >= 0x80) {
      this.buffer.pushByte((<u8>value) | 0x80);
      value >>= 7;
    }
    this.buffer.pushByte(<u8>value);
  }
}

/** Reads a message field by field. Stops at what is no protobuf: then `next` answers false before the end, and `ok` is false. */
export class ProtoReader {
  /** False once something came that is no protobuf: what was read before it may be anything. */
  ok: bool = true;
  field: u32 = 0;
  /** Of a number field. */
  number: u64 = 0;
  /** Of a string, bytes or message field, borrowed; null for a number. */
  bytes: Bytes | null = null;
  private at: i32 = 0;

  constructor(private readonly message: Bytes) {}

  next(): bool {
    if (this.at >= this.message.length || !this.ok) return false;
    this.ok = this.read();
    return this.ok;
  }

  private read(): bool {
    if (!this.varint()) return false;
    const tag = this.number;
    if (tag < 8 || tag > <u64>u32.MAX_VALUE) return false; // no such field
    this.field = <u32>(tag >> 3);
    this.bytes = null;
    const wire = (<u32>tag) & 7;
    if (wire == 0) return this.varint();
    if (wire == 1) return this.skip(8);
    if (wire == 5) return this.skip(4);
    if (wire != 2 || !this.varint() || this.number > <u64>(this.message.length - this.at)) return false;
    const length = <i32>this.number;
    this.bytes = this.message.slice(this.at, this.at + length);
    this.at += length;
    return true;
  }

  private skip(length: i32): bool {
    this.at += length;
    this.number = 0;
    return this.at <= this.message.length;
  }

  private varint(): bool {
    let value: u64 = 0;
    for (let shift = 0; shift < 64 && this.at < this.message.length; shift += 7) {
      const byte = this.message.at(this.at++);
      value |= (<u64>(byte & 0x7f)) << shift;
      if (byte < 0x80) {
        this.number = value;
        return true;
      }
    }
    return false;
  }
}
