// The filter's pure parts as plain functions: two texts in at `input`, one behind the other.
import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk/assembly/memory/arena";
import { MetadataKind, MetadataReader } from "../../../policy";
import { lenientForms } from "../assembly/core/lenient-path";
import { passes } from "../assembly/core/passes";
import { BitSet } from "../../../policy";
import { Asks } from "../assembly/core/tests";

const IN: usize = memory.data(1 << 18, 16);
const OUT: usize = memory.data(1 << 20, 16);

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/** The further forms of a path, each behind its length in 4 bytes, at `output`; how many bytes that is, or -1 where it cannot be told. */
export function lenient(length: i32): i32 {
  const before = enter(1);
  const forms: Bytes[] = [];
  const known = lenientForms(Bytes.borrow(IN, length), new ArenaBuffer(), forms);
  let size = 0;
  for (let i = 0; known && i < forms.length; i++) {
    store<u32>(OUT + <usize>size, forms[i].length);
    memory.copy(OUT + <usize>size + 4, forms[i].ptr, forms[i].length);
    size += 4 + forms[i].length;
  }
  leave(before);
  return known ? size : -1;
}

/** 0: no, 1: yes, 2: it cannot be told. */
export function asks(what: i32, textLength: i32, extra: i32, valueLength: i32): i32 {
  const before = enter(1);
  const answer = passes(<Asks>what, IN, textLength, extra, Bytes.borrow(IN + <usize>textLength, valueLength), true);
  leave(before);
  return answer;
}

/** Numbers of 4 bytes at `input` go into a set; they come out, in order, at `output`. How many there are. */
export function ruleSet(size: i32, count: i32): i32 {
  const set = new BitSet(size);
  for (let i = 0; i < count; i++) set.add(load<i32>(IN + ((<usize>i) << 2)));
  let found = 0;
  for (let rule = set.next(0); rule < size; rule = set.next(rule + 1)) {
    store<i32>(OUT + ((<usize>found) << 2), rule);
    found++;
  }
  return found;
}

const reader: MetadataReader = new MetadataReader();

/** The kind of the value at a path (two keys, separated by NUL) of a namespace; its texts, closed by line ends, at `output`. */
export function metadata(length: i32, namespaceLength: i32, pathLength: i32): i32 {
  const before = enter(1);
  const whole = Bytes.borrow(IN, length);
  const namespace = Bytes.borrow(IN + <usize>length, namespaceLength);
  const joined = Bytes.borrow(IN + <usize>(length + namespaceLength), pathLength);
  const path: Bytes[] = [];
  for (let start = 0; start < pathLength;) {
    const nul = joined.indexOf(0, start);
    const end = nul < 0 ? pathLength : nul;
    path.push(joined.slice(start, end));
    start = end + 1;
  }
  const kind = reader.find(whole, namespace, path);
  let at = OUT;
  if (kind == MetadataKind.Text) at = line(at, reader.text());
  for (let text = reader.nextText(); text !== null; text = reader.nextText()) at = line(at, text);
  store<u8>(at, 0);
  leave(before);
  return <i32>kind;
}

function line(at: usize, text: Bytes): usize {
  memory.copy(at, text.ptr, text.length);
  store<u8>(at + <usize>text.length, 0x0a);
  return at + <usize>text.length + 1;
}
