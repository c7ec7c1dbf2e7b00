import { Bytes } from "../bytes";
import { JsonKind } from "./kind";

// One row of integers for each value.
const KIND = 0;
const START = 1; // of the content: strings without their quotes
const END = 2;
const NEXT = 3; // next sibling, 0: none
const CHILD = 4; // first child, 0: none
const KEY = 5; // start of the key, -1: none
const KEY_END = 6;
const PARENT = 7;
const FLAGS = 8;
const COUNT = 9; // children
const WIDTH = 10;

/** Half full and well spread, a table of 65,536 keys needs a tenth of these. */
const MAX_PROBES = 128;

const READ = 1;
const SIDE = 2; // the value's text had escapes and lies decoded in the side buffer
const KEY_SIDE = 4;
const BAD = 8; // of the wrong type: what is inside is not looked at

/** The values of a document in reading order, as rows of numbers: no object per value. Node 0 is the top-level value. */
export class Tape {
  count: i32 = 0;
  private rows: StaticArray<i32> = new StaticArray<i32>(WIDTH * 16);
  private last: StaticArray<i32> = new StaticArray<i32>(16); // last child of each node, while reading
  private side: ArrayBuffer = new ArrayBuffer(0);
  sideUsed: i32 = 0;
  // Open addressing over (parent, key): finds duplicates and look-ups in constant time.
  private slots: StaticArray<i32> = new StaticArray<i32>(32);
  private keys: i32 = 0;
  private askedParents: i32[] = [];
  private askedKeys: string[] = [];

  constructor(
    readonly text: Bytes,
    readonly limit: i32,
  ) {}

  // @ts-ignore: decorator
  @inline private cell(node: i32, column: i32): i32 {
    return this.rows[node * WIDTH + column];
  }

  // @ts-ignore: decorator
  @inline private put(node: i32, column: i32, value: i32): void {
    this.rows[node * WIDTH + column] = value;
  }

  kind(node: i32): JsonKind {
    return node < 0 || node >= this.count ? JsonKind.Absent : this.cell(node, KIND);
  }

  parent(node: i32): i32 {
    return this.cell(node, PARENT);
  }

  children(node: i32): i32 {
    return node < 0 ? 0 : this.cell(node, COUNT);
  }

  firstChild(node: i32): i32 {
    const child = node < 0 ? 0 : this.cell(node, CHILD);
    return child == 0 ? -1 : child;
  }

  next(node: i32): i32 {
    const next = this.cell(node, NEXT);
    return next == 0 ? -1 : next;
  }

  wasRead(node: i32): bool {
    return (this.cell(node, FLAGS) & READ) != 0;
  }

  markRead(node: i32): void {
    this.put(node, FLAGS, this.cell(node, FLAGS) | READ);
  }

  isBad(node: i32): bool {
    return (this.cell(node, FLAGS) & BAD) != 0;
  }

  markBad(node: i32): void {
    this.put(node, FLAGS, this.cell(node, FLAGS) | BAD | READ);
  }

  /** A scalar's text; strings decoded. Borrows the document's memory. */
  content(node: i32): Bytes {
    return this.view(this.cell(node, START), this.cell(node, END), (this.cell(node, FLAGS) & SIDE) != 0);
  }

  key(node: i32): Bytes {
    return this.view(this.cell(node, KEY), this.cell(node, KEY_END), (this.cell(node, FLAGS) & KEY_SIDE) != 0);
  }

  private view(start: i32, end: i32, side: bool): Bytes {
    return side ? Bytes.owning(this.side).slice(start, end) : this.text.slice(start, end);
  }

  // --- writing, by the scanner ---

  /** Adds a value below `parent` (-1: top). Returns its number, or -1 above the limit. */
  add(kind: JsonKind, parent: i32, start: i32, end: i32, side: bool): i32 {
    if (this.count >= this.limit) return -1;
    const node = this.count++;
    if (this.count * WIDTH > this.rows.length) {
      const rows = new StaticArray<i32>(this.rows.length * 2);
      memory.copy(changetype<usize>(rows), changetype<usize>(this.rows), (<usize>this.rows.length) << 2);
      this.rows = rows;
      const last = new StaticArray<i32>(this.last.length * 2);
      memory.copy(changetype<usize>(last), changetype<usize>(this.last), (<usize>this.last.length) << 2);
      this.last = last;
    }
    this.put(node, KIND, kind);
    this.put(node, START, start);
    this.put(node, END, end);
    this.put(node, KEY, -1);
    this.put(node, PARENT, parent < 0 ? 0 : parent);
    this.put(node, FLAGS, side ? SIDE : 0);
    if (parent >= 0) {
      const before = this.last[parent];
      if (before == 0) this.put(parent, CHILD, node);
      else this.put(before, NEXT, node);
      this.last[parent] = node;
      this.put(parent, COUNT, this.cell(parent, COUNT) + 1);
    } else {
      this.put(node, FLAGS, READ | (side ? SIDE : 0));
    }
    return node;
  }

  close(node: i32, end: i32): void {
    this.put(node, END, end);
  }

  /** Gives a value its key. False when the object has that key already, or (`crowded`) too many keys that hash alike. */
  name(node: i32, start: i32, end: i32, side: bool): bool {
    this.put(node, KEY, start);
    this.put(node, KEY_END, end);
    if (side) this.put(node, FLAGS, this.cell(node, FLAGS) | KEY_SIDE);
    if ((this.keys + 1) * 2 > this.slots.length) this.rehash();
    const at = this.slot(this.parent(node), this.keyAt(node), this.keyLength(node));
    if (at < 0 || this.slots[at] != 0) return false;
    this.slots[at] = node;
    this.keys++;
    return true;
  }

  /** Somebody chose keys that collide: the text is refused, because finding them would take quadratic time. */
  crowded: bool = false;

  private keyAt(node: i32): usize {
    const side = (this.cell(node, FLAGS) & KEY_SIDE) != 0;
    return (side ? changetype<usize>(this.side) : this.text.ptr) + <usize>this.cell(node, KEY);
  }

  private keyLength(node: i32): i32 {
    return this.cell(node, KEY_END) - this.cell(node, KEY);
  }

  sideByte(byte: u8): void {
    if (this.sideUsed == this.side.byteLength) {
      const side = new ArrayBuffer(max(64, this.sideUsed * 2));
      memory.copy(changetype<usize>(side), changetype<usize>(this.side), this.sideUsed);
      this.side = side;
    }
    store<u8>(changetype<usize>(this.side) + <usize>this.sideUsed, byte);
    this.sideUsed++;
  }

  private rehash(): void {
    const old = this.slots;
    this.slots = new StaticArray<i32>(old.length * 2);
    for (let i = 0; i < old.length; i++) {
      const node = old[i];
      if (node == 0) continue;
      const at = this.slot(this.parent(node), this.keyAt(node), this.keyLength(node));
      if (at >= 0) this.slots[at] = node;
    }
  }

  /** Where the key stands, or where it would; -1 after too many others. */
  private slot(parent: i32, key: usize, length: i32): i32 {
    const mask = this.slots.length - 1;
    let hash: u32 = 0x811c9dc5 ^ ((<u32>parent + 1) * 0x9e3779b1);
    for (let i: usize = 0; i < <usize>length; i++) hash = (hash ^ (<u32>load<u8>(key + i))) * 0x01000193;
    let at = (<i32>(hash ^ (hash >>> 15))) & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const node = this.slots[at];
      if (node == 0) return at;
      if (this.parent(node) == parent && this.keyLength(node) == length && memory.compare(this.keyAt(node), key, length) == 0) return at;
      at = (at + 1) & mask;
    }
    this.crowded = true;
    return -1;
  }

  // --- looking up ---

  /** The value of a key, marked as read; -1 when absent. Remembers the question for `suggestion`. */
  find(parent: i32, key: string): i32 {
    if (parent < 0) return -1;
    const node = this.peek(parent, key);
    if (node >= 0) this.markRead(node);
    return node;
  }

  /** The value of a key, not marked as read; -1 when absent. */
  peek(parent: i32, key: string): i32 {
    this.askedParents.push(parent);
    this.askedKeys.push(key);
    const utf8 = String.UTF8.encode(key);
    const at = this.slot(parent, changetype<usize>(utf8), utf8.byteLength);
    const node = at < 0 ? 0 : this.slots[at];
    return node == 0 ? -1 : node;
  }

  /** A value as an error shows it: at most 40 bytes; of containers only what they are. */
  shown(node: i32): string {
    const kind = this.kind(node);
    if (kind == JsonKind.Object) return "an object";
    if (kind == JsonKind.Array) return "an array";
    const content = this.content(node);
    const text = this.beginning(content, 40);
    return kind == JsonKind.String ? '"' + text + '"' : text;
  }

  /** A key as an error shows it: at most 64 bytes, because in data of strangers it can be as long as they like. */
  shownKey(node: i32): string {
    return this.beginning(this.key(node), 64);
  }

  /** The whole, or as many whole characters as fit. */
  private beginning(text: Bytes, most: i32): string {
    if (text.length <= most) return text.toString();
    let end = most;
    while (end > 0 && (text.at(end) & 0xc0) == 0x80) end--;
    return text.slice(0, end).toString() + "...";
  }

  /** `; known: a, b`: the keys that were asked of the object that holds this value. */
  suggestion(node: i32): string {
    const parent = this.parent(node);
    const known: string[] = [];
    for (let i = 0; i < this.askedParents.length; i++) {
      if (this.askedParents[i] == parent && !known.includes(this.askedKeys[i])) known.push(this.askedKeys[i]);
    }
    return known.length ? "; known: " + known.join(", ") : "";
  }

  /** `limits[0].requests` */
  path(node: i32): string {
    let path = "";
    while (node > 0) {
      const parent = this.parent(node);
      if (this.cell(node, KEY) >= 0) {
        path = this.shownKey(node) + (path.length && path.charCodeAt(0) != 0x5b ? "." : "") + path;
      } else {
        let index = 0;
        for (let sibling = this.firstChild(parent); sibling != node && sibling > 0; sibling = this.next(sibling)) index++;
        path = "[" + index.toString() + "]" + (path.length && path.charCodeAt(0) != 0x5b ? "." : "") + path;
      }
      node = parent;
    }
    return path;
  }

  placeOf(node: i32): string {
    const key = this.cell(node, KEY);
    const inText = (this.cell(node, FLAGS) & SIDE) == 0;
    const keyInText = key >= 0 && (this.cell(node, FLAGS) & KEY_SIDE) == 0;
    return this.place(inText ? this.cell(node, START) : keyInText ? key : this.cell(this.parent(node), START));
  }

  /** Where its key is; the value's place when there is none, or it was written with escapes. */
  placeOfKey(node: i32): string {
    const key = this.cell(node, KEY);
    return key >= 0 && (this.cell(node, FLAGS) & KEY_SIDE) == 0 ? this.place(key) : this.placeOf(node);
  }

  /** `line 3, column 17`, both from 1; columns count characters, not bytes. */
  place(offset: i32): string {
    let line = 1;
    let column = 1;
    for (let i = 0; i < offset && i < this.text.length; i++) {
      const byte = this.text.at(i);
      if (byte == 0x0a) {
        line++;
        column = 1;
      } else if ((byte & 0xc0) != 0x80) column++;
    }
    return "line " + line.toString() + ", column " + column.toString();
  }
}
