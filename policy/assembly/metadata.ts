import { Bytes } from "proxy-wasm-assemblyscript-sdk";

/** What a value of Envoy's dynamic metadata is: google.protobuf.Value. */
export enum MetadataKind {
  Absent = 0,
  Null = 1,
  Number = 2,
  Text = 3,
  Boolean = 4,
  Struct = 5,
  List = 6,
}

/**
 * Finds values in the dynamic metadata of a stream, with their types. The attribute `metadata` as a whole is an
 * envoy.config.core.v3.Metadata message; read field by field, the host would give a number, a truth and a list as bytes that a text could
 * have, too. Walks the message in place: nothing is allocated, and bytes that are no message end the walk.
 */
export class MetadataReader {
  private kind: MetadataKind = MetadataKind.Absent;
  private at: usize = 0;
  private end: usize = 0;
  private readonly outer: ProtoCursor = new ProtoCursor();
  private readonly inner: ProtoCursor = new ProtoCursor();

  /**
   * @param metadata the attribute `metadata`
   * @param path keys of nested structs, then of the value; empty for the namespace's struct itself
   */
  find(metadata: Bytes, namespace: Bytes, path: Bytes[]): MetadataKind {
    this.kind = MetadataKind.Absent;
    this.outer.open(metadata.ptr, metadata.length);
    if (!this.entry(namespace)) return this.kind;
    this.kind = MetadataKind.Struct;
    for (let i = 0; i < path.length; i++) {
      if (this.kind != MetadataKind.Struct) return (this.kind = MetadataKind.Absent);
      this.outer.open(this.at, <i32>(this.end - this.at));
      if (!this.entry(path[i])) return (this.kind = MetadataKind.Absent);
      this.value();
    }
    if (this.kind == MetadataKind.List) this.outer.open(this.at, <i32>(this.end - this.at));
    return this.kind;
  }

  /** The bytes of a text, borrowed. */
  text(): Bytes {
    return Bytes.borrow(this.at, <i32>(this.end - this.at));
  }

  /** Of a number. */
  number(): f64 {
    return this.end - this.at == 8 ? load<f64>(this.at) : 0;
  }

  /** Of a truth. */
  boolean(): bool {
    return this.inner.number != 0;
  }

  /** Of a list: the next element that is a text, borrowed; null at the end. */
  nextText(): Bytes | null {
    while (this.kind == MetadataKind.List && this.outer.next()) {
      if (this.outer.field != 1 || this.outer.wire != LENGTH_DELIMITED) continue;
      this.inner.open(this.outer.at, this.outer.length);
      if (this.inner.last(0) && this.inner.field == MetadataKind.Text) return Bytes.borrow(this.inner.at, this.inner.length);
    }
    return null;
  }

  /** The value of the map's entry with this key: `outer` is a message whose field 1 are the entries. */
  private entry(key: Bytes): bool {
    while (this.outer.next()) {
      if (this.outer.field != 1 || this.outer.wire != LENGTH_DELIMITED) continue;
      this.inner.open(this.outer.at, this.outer.length);
      // An entry without a key has the empty one.
      const found = this.inner.last(1);
      const same = found ? this.inner.length == key.length && memory.compare(this.inner.at, key.ptr, key.length) == 0 : key.length == 0;
      if (!same) continue;
      this.inner.open(this.outer.at, this.outer.length);
      if (!this.inner.last(2)) return false;
      this.at = this.inner.at;
      this.end = this.inner.at + <usize>this.inner.length;
      return true;
    }
    return false;
  }

  /** Takes apart the google.protobuf.Value that was found: its only field's number is its kind. */
  private value(): void {
    this.inner.open(this.at, <i32>(this.end - this.at));
    this.kind = this.inner.last(0) && this.inner.field <= <u32>MetadataKind.List ? <MetadataKind>this.inner.field : MetadataKind.Absent;
    this.at = this.inner.at;
    this.end = this.inner.at + <usize>this.inner.length;
  }
}

const LENGTH_DELIMITED: u32 = 2;

/** Walks the fields of a protobuf message, without a copy and without an object for each. */
class ProtoCursor {
  field: u32 = 0;
  wire: u32 = 0;
  /** The content, when `wire` is 1 or 2; else empty. */
  at: usize = 0;
  length: i32 = 0;
  /** When `wire` is 0. */
  number: u64 = 0;
  private position: usize = 0;
  private end: usize = 0;

  open(at: usize, length: i32): void {
    this.position = at;
    this.end = at + <usize>length;
    this.field = 0;
    this.at = at;
    this.length = 0;
  }

  next(): bool {
    if (this.position >= this.end || !this.varint()) return this.stop();
    this.field = <u32>(this.number >> 3);
    this.wire = (<u32>this.number) & 7;
    this.length = 0;
    if (this.wire == 0) return this.varint() || this.stop();
    if (this.wire == 1) {
      this.at = this.position;
      this.length = 8;
      return this.skip(8);
    }
    if (this.wire == 5) return this.skip(4);
    if (this.wire != LENGTH_DELIMITED || !this.varint() || this.number > <u64>(this.end - this.position)) return this.stop();
    this.at = this.position;
    this.length = <i32>this.number;
    return this.skip(this.length);
  }

  /** Goes to the last field of this number (0: of any), which is the one that counts; false without one. */
  last(field: u32): bool {
    let found = false;
    let number: u32 = 0;
    let value: u64 = 0;
    let at: usize = 0;
    let length = 0;
    while (this.next()) {
      if (field != 0 && this.field != field) continue;
      found = true;
      number = this.field;
      value = this.number;
      at = this.at;
      length = this.length;
    }
    this.field = number;
    this.number = value;
    this.at = at;
    this.length = length;
    return found;
  }

  private skip(length: i32): bool {
    if (<usize>length > this.end - this.position) return this.stop();
    this.position += <usize>length;
    return true;
  }

  private stop(): bool {
    this.position = this.end;
    return false;
  }

  private varint(): bool {
    let value: u64 = 0;
    for (let shift = 0; shift < 64 && this.position < this.end; shift += 7) {
      const byte = load<u8>(this.position++);
      value |= (<u64>(byte & 0x7f)) << (<u64>shift);
      if (byte < 0x80) {
        this.number = value;
        return true;
      }
    }
    return false;
  }
}
