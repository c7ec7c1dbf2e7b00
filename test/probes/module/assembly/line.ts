import { proxy_log } from "./imports";

/** Longer values are shown by their beginning, length and hash. */
const SHOWN = 200;
const SHOWN_PAIRS = 4000;

/** A line of the transcript, ASCII only: bytes appear escaped. */
export class Line {
  private at: usize = heap.alloc(512);
  private length: i32 = 0;
  private capacity: i32 = 512;

  byte(byte: i32): Line {
    if (this.length == this.capacity) {
      const wider = heap.alloc(this.capacity * 2);
      memory.copy(wider, this.at, this.length);
      this.at = wider;
      this.capacity *= 2;
    }
    store<u8>(this.at + this.length++, byte as u8);
    return this;
  }

  text(text: string): Line {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
    return this;
  }

  int(value: i64): Line {
    return this.text(value.toString());
  }

  /** Bytes in quotes; those that are not printable as \xNN. */
  quoted(at: usize, length: i32): Line {
    const shown = length > SHOWN ? 32 : length;
    this.byte(0x22);
    for (let i = 0; i < shown; i++) {
      const byte = load<u8>(at + i) as i32;
      if (byte == 0x22 || byte == 0x5c) this.byte(0x5c).byte(byte);
      else if (byte == 0) this.byte(0x5c).byte(0x30);
      else if (byte < 0x20 || byte > 0x7e) this.text("\\x").hex(byte, 2);
      else this.byte(byte);
    }
    this.byte(0x22);
    return length > shown ? this.summary(at, length) : this;
  }

  /** A block of pairs as `[name: value, ...]`; what is none as bytes. */
  pairs(at: usize, length: i32): Line {
    if (!isPairs(at, length)) return this.quoted(at, length);
    const count = load<u32>(at) as i32;
    if (length > SHOWN_PAIRS) return this.text("[").int(count).text(" pairs]").summary(at, length);
    let data = at + 4 + 8 * count;
    this.byte(0x5b);
    for (let i = 0; i < count; i++) {
      if (i > 0) this.text(", ");
      const name = load<i32>(at + 4 + 8 * i);
      const value = load<i32>(at + 8 + 8 * i);
      this.quoted(data, name).text(": ");
      this.quoted(data + name + 1, value);
      data += name + value + 2;
    }
    return this.byte(0x5d);
  }

  /** Length and FNV-1a hash. */
  summary(at: usize, length: i32): Line {
    let hash: u32 = 0x811c9dc5;
    for (let i = 0; i < length; i++) hash = (hash ^ (load<u8>(at + i) as u32)) * 0x01000193;
    return this.text("...(").int(length).text(" bytes, ").hex(hash, 8).byte(0x29);
  }

  hex(value: u32, digits: i32): Line {
    for (let i = digits - 1; i >= 0; i--) {
      const digit = (value >> (4 * i)) & 15;
      this.byte(digit < 10 ? 0x30 + digit : 0x57 + digit);
    }
    return this;
  }

  /** To the host's log, level info. */
  log(): void {
    proxy_log(2, this.at as i32, this.length);
  }
}

/** Whether the bytes are exactly one block of pairs: sizes that fit, a NUL after each name and value. */
function isPairs(at: usize, length: i32): bool {
  if (length < 4) return false;
  const count = load<u32>(at);
  if (count > 100000 || 4 + 8 * (count as i32) > length) return false;
  let end: i64 = 4 + 8 * (count as i64);
  for (let i: u32 = 0; i < count * 2; i++) {
    end += load<u32>(at + 4 + 4 * i) + 1;
    if (end > length || load<u8>(at + (end as usize) - 1) != 0) return false;
  }
  return end == length;
}
