import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { isWord } from "../ascii";
import { ByteSet, namedSet } from "./byte-set";
import { Node, Place } from "./node";
import { MAX_REPEAT, Reader } from "./reader";

const MAX_PATTERN = 16384;
/** The parser and the compiler call themselves for each parenthesis; this is far from what a stack holds. */
const MAX_DEPTH = 200;

const FOLD: u32 = 1;
const MULTILINE: u32 = 2;
const DOT_NEWLINE: u32 = 4;
const UNGREEDY: u32 = 8;

/** Reads a pattern in RE2's syntax, where Envoy has it read bytes (Latin-1). After the first mistake all methods return at once; `error` says what is wrong. */
export class Parser extends Reader {
  private flags: u32 = 0;
  private depth: i32 = 0;
  private lowest: i32 = 0;
  private highest: i32 = 0;
  /** The last byte of a character beyond ASCII. */
  private torn: Node | null = null;

  constructor(pattern: Bytes) {
    super(pattern);
  }

  /** The pattern as a tree; null with an `error`. */
  parse(): Node | null {
    if (this.pattern.length > MAX_PATTERN) return this.fail("longer than " + MAX_PATTERN.toString() + " bytes", MAX_PATTERN);
    const node = this.alternation();
    if (node === null) return null;
    if (this.at < this.pattern.length) return this.fail(") without a (", this.at);
    return node;
  }

  private alternation(): Node | null {
    const branches: Node[] = [];
    while (true) {
      const branch = this.concatenation();
      if (branch === null) return null;
      branches.push(branch);
      if (this.peek() != 0x7c) return Node.alternate(branches);
      this.at++;
    }
  }

  private concatenation(): Node | null {
    const parts: Node[] = [];
    /** The last part is repeated already. */
    let repeated = false;
    while (true) {
      const byte = this.peek();
      if (byte < 0 || byte == 0x7c || byte == 0x29) return Node.concat(parts);
      const start = this.at;
      if (this.repetition(byte)) {
        if (this.error.length) return null;
        if (!parts.length) return this.fail("nothing to repeat", start);
        if (repeated) return this.fail("repetition of a repetition", start);
        const last = parts[parts.length - 1];
        if (last == this.torn) return this.beyondAscii("that is repeated: put it into parentheses", start);
        const node = Node.repeat(last, this.lowest, this.highest);
        if (node.weight > MAX_REPEAT) return this.fail("more than " + MAX_REPEAT.toString() + " repetitions in all", start);
        parts[parts.length - 1] = node;
        repeated = true;
        continue;
      }
      if (!this.part(byte, parts)) return null;
      repeated = false;
    }
  }

  /** Reads one part that is not a repetition, or what is none: flags, an empty quotation. */
  private part(byte: i32, parts: Node[]): bool {
    let node: Node | null = null;
    if (byte == 0x28) {
      const before = this.flags;
      if (this.depth >= MAX_DEPTH) return this.refuse("more than " + MAX_DEPTH.toString() + " parentheses in each other", this.at);
      const start = this.at++;
      if (this.peek() == 0x3f) {
        if (!this.groupHead()) return false;
        if (this.pattern.at(this.at - 1) == 0x29) return true; // flags for the rest of the group around
      }
      this.depth++;
      node = this.alternation();
      if (node === null) return false;
      this.depth--;
      this.flags = before;
      if (this.peek() != 0x29) return this.refuse("( without a )", start);
      this.at++;
    } else if (byte == 0x5b) {
      node = this.bracket();
    } else if (byte == 0x2e) {
      this.at++;
      const set = new ByteSet();
      if ((this.flags & DOT_NEWLINE) == 0) set.add(0x0a, 0x0a);
      node = Node.set(set.negated());
    } else if (byte == 0x5e) {
      this.at++;
      node = Node.assertion((this.flags & MULTILINE) != 0 ? Place.LineStart : Place.TextStart);
    } else if (byte == 0x24) {
      this.at++;
      node = Node.assertion((this.flags & MULTILINE) != 0 ? Place.LineEnd : Place.TextEnd);
    } else if (byte == 0x5c) {
      const letter = this.pattern.at(this.at + 1);
      if (letter == 0x51) return this.quotation(parts);
      node = this.escapedPart(letter);
    } else node = this.character();
    if (node === null) return false;
    parts.push(node);
    return true;
  }

  /** `\Q...\E`; the end of the pattern ends it, too. */
  private quotation(parts: Node[]): bool {
    this.at += 2;
    while (this.at < this.pattern.length) {
      if (this.peek() == 0x5c && this.pattern.at(this.at + 1) == 0x45) {
        this.at += 2;
        break;
      }
      const node = this.character();
      if (node === null) return false;
      parts.push(node);
    }
    return true;
  }

  private escapedPart(letter: i32): Node | null {
    let place = 0;
    if (letter == 0x41) place = Place.TextStart;
    else if (letter == 0x7a) place = Place.TextEnd;
    else if (letter == 0x62) place = Place.WordBoundary;
    else if (letter == 0x42) place = Place.NoWordBoundary;
    if (place) {
      this.at += 2;
      return Node.assertion(place);
    }
    const set = this.perlClass();
    if (set !== null) return Node.set(set);
    const byte = this.escape();
    return byte < 0 ? null : this.literal(byte);
  }

  /** `\d` and its like; null, with nothing read, when there is none. */
  private perlClass(): ByteSet | null {
    if (this.peek() != 0x5c) return null;
    const letter = this.pattern.at(this.at + 1);
    if (letter < 0) return null;
    const set = namedSet(String.fromCharCode(letter | 0x20), (this.flags & FOLD) != 0);
    if (set === null) return null;
    this.at += 2;
    return (letter & 0x20) != 0 ? set : set.negated();
  }

  /** A character as it stands there: beyond ASCII one of its bytes, which are one part each. */
  private character(): Node | null {
    const byte = this.pattern.at(this.at);
    if (byte > 0x7f && (this.flags & FOLD) != 0) return this.beyondAscii("under (?i), which knows ASCII", this.at);
    this.at++;
    const node = this.literal(byte);
    if (byte > 0x7f) this.torn = node;
    return node;
  }

  private literal(byte: i32): Node {
    if ((this.flags & FOLD) == 0) return Node.byte(byte);
    const set = new ByteSet();
    set.addFolded(byte, byte);
    return Node.set(set);
  }

  private bracket(): Node | null {
    const start = this.at++;
    const fold = (this.flags & FOLD) != 0;
    const set = new ByteSet();
    const negated = this.peek() == 0x5e;
    if (negated) this.at++;
    const first = this.at;
    while (true) {
      const byte = this.peek();
      if (byte < 0) return this.fail("[ without a ]", start);
      if (byte == 0x5d && this.at > first) break;
      if (byte == 0x5b && this.pattern.at(this.at + 1) == 0x3a) {
        const end = this.closing(this.at + 2);
        if (end >= 0) {
          if (!this.posixClass(end, set)) return null;
          continue;
        }
      }
      const perl = this.perlClass();
      if (perl !== null) {
        set.addAll(perl);
        continue;
      }
      const from = this.at;
      const low = this.bracketByte();
      if (low < 0) return null;
      let high = low;
      if (this.peek() == 0x2d && this.at + 1 < this.pattern.length && this.pattern.at(this.at + 1) != 0x5d) {
        this.at++;
        high = this.bracketByte();
        if (high < 0) return null;
        if (high < low) return this.fail("range whose end is before its start", from);
      }
      if (fold) set.addFolded(low, high);
      else set.add(low, high);
    }
    this.at++;
    return Node.set(negated ? set.negated() : set);
  }

  private bracketByte(): i32 {
    if (this.at >= this.pattern.length) {
      this.refuse("[ without a ]", this.at);
      return -1;
    }
    const byte = this.peek();
    if (byte == 0x5c) return this.escape();
    if (byte > 0x7f) {
      this.beyondAscii("in [ ]: name bytes, as \\x80-\\xff", this.at);
      return -1;
    }
    this.at++;
    return byte;
  }

  /** Index of the next `:]`, or -1. */
  private closing(from: i32): i32 {
    for (let i = from; i + 1 < this.pattern.length; i++) {
      if (this.pattern.at(i) == 0x3a && this.pattern.at(i + 1) == 0x5d) return i;
    }
    return -1;
  }

  private posixClass(end: i32, set: ByteSet): bool {
    const negated = this.pattern.at(this.at + 2) == 0x5e;
    const name = this.pattern.slice(this.at + (negated ? 3 : 2), end).toString();
    const named = name.length > 1 ? namedSet(name, (this.flags & FOLD) != 0) : null;
    if (named === null) return this.refuse("unknown class" + (isPlain(name) ? " [:" + name + ":]" : ""), this.at);
    set.addAll(negated ? named.negated() : named);
    this.at = end + 2;
    return true;
  }

  /** What follows `(?`, up to `:` or `>` of a group, or the `)` of flags. */
  private groupHead(): bool {
    const start = this.at - 1;
    this.at++;
    const named = this.peek() == 0x50 && this.pattern.at(this.at + 1) == 0x3c ? 2 : this.peek() == 0x3c ? 1 : 0;
    const next = this.pattern.at(this.at + (named == 1 ? 1 : 0));
    if (named < 2 && (next == 0x3d || next == 0x21)) return this.refuse("look-around is not supported", start);
    if (named) {
      this.at += named;
      const name = this.at;
      while (isWord(this.peek())) this.at++;
      if (this.at == name || this.peek() != 0x3e) return this.refuse("group without a name of A-Z a-z 0-9 _", start);
      this.at++;
      return true;
    }
    let negated = false;
    let any = false;
    while (true) {
      const letter = this.peek();
      this.at++;
      const flag = flagOf(letter);
      if (flag) {
        any = true;
        this.flags = negated ? this.flags & ~flag : this.flags | flag;
      } else if (letter == 0x2d && !negated) {
        negated = true;
        any = false;
      } else if ((letter == 0x3a || letter == 0x29) && (any || !negated)) return true;
      else return this.refuse("unknown group: after (? comes : or P<name> or flags of imsU", start);
    }
  }

  /** Reads `*`, `+`, `?` or `{...}` with what makes it lazy; false, with nothing read, when there is none. */
  private repetition(byte: i32): bool {
    const start = this.at;
    if (byte == 0x2a || byte == 0x2b || byte == 0x3f) {
      this.lowest = byte == 0x2b ? 1 : 0;
      this.highest = byte == 0x3f ? 1 : -1;
      this.at++;
    } else if (byte == 0x7b) {
      if (!this.counts()) {
        this.at = start;
        return false;
      }
      if (this.lowest > MAX_REPEAT || this.highest > MAX_REPEAT || (this.highest >= 0 && this.highest < this.lowest)) {
        this.refuse("counts above " + MAX_REPEAT.toString() + ", or in the wrong order", start);
      }
    } else return false;
    // Which of several matches is found does not matter to whether there is one.
    if (this.peek() == 0x3f) this.at++;
    return true;
  }

  /** Reads `{n}`, `{n,}` or `{n,m}`; what does not look like this is text. */
  private counts(): bool {
    this.at++;
    this.lowest = this.count();
    if (this.lowest < 0) return false;
    this.highest = this.lowest;
    if (this.peek() == 0x2c) {
      this.at++;
      this.highest = -1;
      if (this.peek() != 0x7d) {
        this.highest = this.count();
        if (this.highest < 0) return false;
      }
    }
    return this.take(0x7d);
  }

  /** For Envoy's RE2 a character is a byte: it takes what is refused here, and means something else by it than who wrote it. */
  private beyondAscii(where: string, at: i32): Node | null {
    return this.fail("character beyond ASCII " + where, at);
  }
}

/** What may stand in a message as it is. */
function isPlain(text: string): bool {
  for (let i = 0; i < text.length; i++) if (!isWord(text.charCodeAt(i))) return false;
  return text.length > 0 && text.length <= 20;
}

function flagOf(letter: i32): u32 {
  return letter == 0x69 ? FOLD : letter == 0x6d ? MULTILINE : letter == 0x73 ? DOT_NEWLINE : letter == 0x55 ? UNGREEDY : 0;
}
