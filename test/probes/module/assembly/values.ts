import { Line } from "./line";

/** What scripts keep with `let` and `> name`: one set per VM. */
export const variables = new Map<string, i64>();

/**
 * The arguments of a step as `script.ts` writes them: `12`, `-1`, `$name`; bytes `x6162`, `x61*1000`, joined with `+`; a raw pointer and
 * length `@4294967295:4`.
 */
export class Args {
  private numbers: i64[] = [];
  private pointers: usize[] = [];
  private lengths: i32[] = [];

  constructor(private tokens: string[]) {
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i];
      const first = token.charCodeAt(0);
      let number: i64 = 0;
      let pointer: usize = 0;
      let length = 0;
      if (first == 0x78) {
        pointer = bytesOf(token);
        length = lengthOf(token);
      } else if (first == 0x40) {
        const colon = token.indexOf(":");
        pointer = I64.parseInt(token.substring(1, colon)) as usize;
        length = I64.parseInt(token.substring(colon + 1)) as i32;
      } else if (first == 0x24) {
        const name = token.substring(1);
        number = variables.has(name) ? variables.get(name) : 0;
      } else number = parse(token);
      this.numbers.push(number);
      this.pointers.push(pointer);
      this.lengths.push(length);
    }
  }

  int(i: i32): i32 {
    return i < this.numbers.length ? (this.numbers[i] as i32) : 0;
  }

  long(i: i32): i64 {
    return i < this.numbers.length ? this.numbers[i] : 0;
  }

  at(i: i32): i32 {
    return i < this.pointers.length ? (this.pointers[i] as i32) : 0;
  }

  len(i: i32): i32 {
    return i < this.lengths.length ? this.lengths[i] : 0;
  }

  show(line: Line): void {
    for (let i = 0; i < this.tokens.length; i++) {
      line.byte(0x20);
      if (this.tokens[i].charCodeAt(0) == 0x78) line.pairs(this.pointers[i], this.lengths[i]);
      else line.text(this.tokens[i]);
    }
  }
}

/** Unsigned 64 bits too: `I64.parseInt` would saturate. */
function parse(token: string): i64 {
  return token.charCodeAt(0) == 0x2d ? -(U64.parseInt(token.substring(1)) as i64) : (U64.parseInt(token) as i64);
}

function times(piece: string): i32 {
  const star = piece.indexOf("*");
  return star < 0 ? 1 : (I32.parseInt(piece.substring(star + 1)) as i32);
}

function digits(piece: string): i32 {
  const star = piece.indexOf("*");
  return (star < 0 ? piece.length : star) - 1;
}

function lengthOf(token: string): i32 {
  const pieces = token.split("+");
  let length = 0;
  for (let i = 0; i < pieces.length; i++) length += (digits(pieces[i]) / 2) * times(pieces[i]);
  return length;
}

function bytesOf(token: string): usize {
  const start = heap.alloc(lengthOf(token) + 1);
  const pieces = token.split("+");
  let to = start;
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i];
    const length = digits(piece) / 2;
    const begin = to;
    for (let j = 0; j < length; j++) store<u8>(to++, (nibble(piece, 1 + 2 * j) << 4) | nibble(piece, 2 + 2 * j));
    const count = times(piece);
    for (let j = 1; j < count; j++) {
      memory.copy(to, begin, length);
      to += length;
    }
  }
  return start;
}

function nibble(text: string, at: i32): u8 {
  const code = text.charCodeAt(at);
  return (code < 0x3a ? code - 0x30 : code - 0x57) as u8;
}

const UNTOUCHED: u8 = 0xaa;

/** Where a host call writes: a pointer and a length, then two words. Filled beforehand, so that what the host left alone can be told. */
export class Outs {
  /** `b` bytes, `w` a 32-bit word, `l` a 64-bit one; in this order. */
  kinds: string = "";
  private base: i32;

  /** @param outside point outside the memory. */
  constructor(private outside: bool) {
    this.base = outside ? -256 : (heap.alloc(32) as i32);
    if (!outside) memory.fill(this.base as usize, UNTOUCHED, 32);
  }

  pointer(): i32 {
    return this.base;
  }
  length(): i32 {
    return this.base + 4;
  }
  word(): i32 {
    return this.base + 8;
  }
  second(): i32 {
    return this.base + 16;
  }

  /** The first word, or the length of the bytes. */
  number(): i64 {
    if (this.outside) return 0;
    if (this.kinds == "l") return load<i64>(this.base, 8);
    return (this.kinds.startsWith("b") ? load<u32>(this.base, 4) : load<u32>(this.base, 8)) as i64;
  }

  show(line: Line, how: i32): void {
    if (this.outside) return;
    let at: usize = this.base + 8;
    for (let i = 0; i < this.kinds.length; i++) {
      line.byte(0x20);
      if (this.kinds.charCodeAt(i) == 0x62) this.showBytes(line, how);
      else {
        const long = this.kinds.charCodeAt(i) == 0x6c;
        if (untouched(at, long ? 8 : 4)) line.byte(0x2d);
        else if (how == 0x7e) line.text("~");
        else line.int(long ? load<i64>(at) : (load<u32>(at) as i64));
        at += 8;
      }
    }
  }

  private showBytes(line: Line, how: i32): void {
    const at = load<u32>(this.base) as usize;
    const length = load<i32>(this.base, 4);
    if (untouched(this.base, 8)) line.byte(0x2d);
    else if (at == 0 && length == 0) line.text("null");
    else if (at == 0 || length <= 0 || at + length > (memory.size() as usize) << 16)
      line.text("pointer ").int(at).text(" length ").int(length);
    else if (how == 0x3f) line.text("?");
    else if (how == 0x7e) line.text("~").int(length).text(" bytes");
    else if (how == 0x25) line.pairs(at, length);
    else line.quoted(at, length);
  }
}

function untouched(at: usize, length: i32): bool {
  for (let i = 0; i < length; i++) if (load<u8>(at + i) != UNTOUCHED) return false;
  return true;
}
