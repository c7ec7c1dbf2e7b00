// Plain functions over the SDK's pure parts, called from core.test.ts: bytes in at `input`, bytes out at `output`.
import { enter, leave } from "../assembly/context/callback";
import { IdTable } from "../assembly/context/table";
import { Bytes, isUtf8 } from "../assembly/bytes";
import { ProtoReader } from "../assembly/foreign/protobuf";
import { durationNanoseconds } from "../assembly/duration";
import { HeaderName, isFieldValue } from "../assembly/headers/name";
import { JsonDocument } from "../assembly/json/document";
import { JsonKind } from "../assembly/json/kind";
import { Parsed, parseDecimal } from "../assembly/json/number";
import { Tape } from "../assembly/json/tape";
import { MemoryStats } from "../assembly/memory/memory";
import { allocate, highWater } from "../assembly/memory/arena";
import { sameBytes } from "../assembly/memory/compare";

const IN: usize = memory.data(1 << 18, 16);
const OUT: usize = memory.data(1 << 20, 16);
let written: i32 = 0;

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

function put(text: string): void {
  const utf8 = String.UTF8.encode(text);
  memory.copy(OUT + <usize>written, changetype<usize>(utf8), utf8.byteLength);
  written += utf8.byteLength;
}

/** Reads JSON and writes it again; the length of that, or -1 and the report at `output`. */
export function json(length: i32, maxDepth: i32): i32 {
  const before = enter(1);
  written = 0;
  const document = JsonDocument.parse(Bytes.static(IN, length), maxDepth);
  const report = document.report();
  let result = -1;
  if (report.length == 0) {
    dump(document.tape, 0);
    result = written;
  } else {
    put(report);
    store<u8>(OUT + <usize>written, 0);
  }
  leave(before);
  return result;
}

function dump(tape: Tape, node: i32): void {
  const kind = tape.kind(node);
  if (kind == JsonKind.Object || kind == JsonKind.Array) {
    put(kind == JsonKind.Object ? "{" : "[");
    let first = true;
    for (let child = tape.firstChild(node); child > 0; child = tape.next(child)) {
      if (!first) put(",");
      first = false;
      if (kind == JsonKind.Object) {
        quoted(tape.key(child));
        put(":");
      }
      dump(tape, child);
    }
    put(kind == JsonKind.Object ? "}" : "]");
  } else if (kind == JsonKind.String) quoted(tape.content(node));
  else {
    const content = tape.content(node);
    memory.copy(OUT + <usize>written, content.ptr, content.length);
    written += content.length;
  }
}

function quoted(text: Bytes): void {
  put('"');
  for (let i = 0; i < text.length; i++) {
    const c = <u8>text.at(i);
    if (c < 0x20 || c == 0x22 || c == 0x5c) put("\\u00" + (c < 16 ? "0" : "") + c.toString(16));
    else {
      store<u8>(OUT + <usize>written, c);
      written++;
    }
  }
  put('"');
}

/** Reads a configuration with one key of each kind; 1 when accepted, else 0 and the report at `output`. */
export function readConfiguration(length: i32): i32 {
  const before = enter(1);
  written = 0;
  const document = JsonDocument.parse(Bytes.static(IN, length));
  if (document.isObject) {
    const root = document.root;
    const limits = root.array("limits");
    for (let i = 0; i < limits.length; i++) {
      const limit = limits.object(i);
      limit.string("name");
      limit.integer("requests", 1, 1, 1_000_000);
      limit.duration("per", 1_000_000_000, 1_000_000);
      limit.percentage("enforce", 0);
      limit.choice("mode", ["enforce", "shadow", "off"]);
      limit.boolean("on", true);
      if (limit.kind("judge") != JsonKind.Absent) limit.problem("judge", "is not for you");
    }
  }
  const ok = document.ok();
  put(document.report());
  store<u8>(OUT + <usize>written, 0);
  leave(before);
  return ok ? 1 : 0;
}

/** The value in the first 8 bytes of `output`; 0 when it was refused. */
export function decimal(length: i32, digits: i32): i32 {
  const ok = parseDecimal(Bytes.static(IN, length), digits);
  store<i64>(OUT, Parsed.value);
  return ok ? 1 : 0;
}

export function duration(length: i32): i32 {
  const nanoseconds = durationNanoseconds(Bytes.static(IN, length));
  store<i64>(OUT, nanoseconds);
  return nanoseconds < 0 ? 0 : 1;
}

export function utf8(length: i32): i32 {
  return isUtf8(IN, length) ? 1 : 0;
}

export function text(length: i32): i32 {
  written = 0;
  put(Bytes.static(IN, length).toString());
  return written;
}

export function headerKind(length: i32): i32 {
  const before = enter(1);
  const name = HeaderName.from(Bytes.static(IN, length));
  leave(before);
  return name.kind;
}

export function fieldValue(length: i32): i32 {
  return isFieldValue(Bytes.static(IN, length)) ? 1 : 0;
}

/** Whether two texts are the same, the second at `at` behind the input's beginning. */
export function same(length: i32, at: i32): i32 {
  return sameBytes(IN, IN + <usize>at, <usize>length) ? 1 : 0;
}

/** How many fields a protobuf message has; -1 when the reader stopped at what is none. */
export function protoFields(length: i32): i32 {
  const before = enter(1);
  const reader = new ProtoReader(Bytes.static(IN, length));
  let fields = 0;
  while (reader.next()) fields++;
  const again = reader.next();
  const result = reader.ok && !again ? fields : -1;
  leave(before);
  return result;
}

// --- the table of contexts ---

class Box {
  constructor(readonly value: u32) {}
}
let table: IdTable<Box> = new IdTable<Box>();

export function tableReset(): void {
  table = new IdTable<Box>();
}

export function tableSet(id: u32, value: u32): void {
  table.set(id, new Box(value));
}

export function tableGet(id: u32): i64 {
  const box = table.get(id);
  return box === null ? -1 : <i64>box.value;
}

export function tableRemove(id: u32): i64 {
  const box = table.remove(id);
  return box === null ? -1 : <i64>box.value;
}

export function tableSize(): i32 {
  return table.size;
}

// --- the collector ---

class Node {
  left: Node | null = null;
  right: Node | null = null;
  constructor(readonly value: u32) {}
}
const roots: StaticArray<Node | null> = new StaticArray<Node | null>(64);
const literal: (Node | null)[] = [null];

export function nodeNew(slot: i32, value: u32): void {
  roots[slot] = new Node(value);
}

export function nodeLink(from: i32, to: i32, right: bool): void {
  const node = roots[from];
  if (node === null) return;
  if (right) node.right = roots[to];
  else node.left = roots[to];
}

/** Moves a root down to its child, so that nodes become reachable only through others. */
export function nodeDescend(slot: i32, right: bool): void {
  const node = roots[slot];
  if (node !== null) roots[slot] = right ? node.right : node.left;
}

export function nodeDrop(slot: i32): void {
  roots[slot] = null;
}

/** Values of all nodes under a root, depth first up to 12 levels, mixed into one number. */
export function nodeSum(slot: i32): u32 {
  return sum(roots[slot], 12);
}

function sum(node: Node | null, depth: i32): u32 {
  if (node === null || depth == 0) return 17;
  return (node.value * 31 + sum(node.left, depth - 1)) * 31 + sum(node.right, depth - 1);
}

export function collect(): u32 {
  __collect();
  return MemoryStats.liveObjects();
}

/** A static array whose content moves to the heap: it must survive collections of either colour. */
export function literalPush(value: u32): void {
  literal.push(new Node(value));
}

export function literalSum(): u32 {
  let total: u32 = 0;
  for (let i = 0; i < literal.length; i++) {
    const node = literal[i];
    if (node !== null) total += node.value;
  }
  return total;
}

// --- the arena ---

/** One callback that takes `count` blocks of `size` bytes; 1 when none overlaps another. */
export function arenaRound(count: i32, size: i32): i32 {
  const before = enter(1);
  let ok = 1;
  const blocks = new StaticArray<usize>(count);
  for (let i = 0; i < count; i++) {
    const at = allocate(size);
    if (at == 0) ok = 0;
    blocks[i] = at;
    memory.fill(at, <u8>i, size);
  }
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < size; k++) if (load<u8>(blocks[i] + <usize>k) != <u8>i) ok = 0;
  }
  leave(before);
  return ok;
}

export function arenaHighWater(): u32 {
  return <u32>highWater();
}

export function linearMemory(): u32 {
  return MemoryStats.linearMemory();
}

/** A callback that makes `count` strings and keeps none. */
export function churn(count: i32): u32 {
  const before = enter(1);
  for (let i = 0; i < count; i++) put(i.toString());
  written = 0;
  leave(before);
  return MemoryStats.liveObjects();
}
