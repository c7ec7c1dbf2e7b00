// Lists of conditions, asked one by one and found by the index, for condition-index.test.ts.
import { Bytes, Headers, HttpContext, JsonDocument } from "proxy-wasm-assemblyscript-sdk";
import { MapType } from "proxy-wasm-assemblyscript-sdk/assembly/abi/enums";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { Attributes, ConditionIndex, Conditions, readConditions } from "../index";

const IN: usize = memory.data(1 << 18, 16);
const OUT: usize = memory.data(1 << 14, 16);
let lists: Conditions[] = [];
let index: ConditionIndex = new ConditionIndex([]);
const attributes = new Attributes();

class Stream extends HttpContext {}

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/** Reads `{ "lists": [[condition]] }`; how many lists, or -1. */
export function configure(length: i32): i32 {
  const before = enter(1);
  const document = JsonDocument.parse(Bytes.static(IN, length));
  const array = document.root.array("lists");
  lists = [];
  for (let i = 0; i < array.length; i++) lists.push(readConditions(array.array(i)));
  const right = document.ok();
  if (right) index = new ConditionIndex(lists);
  leave(before);
  return right ? lists.length : -1;
}

/** The lists that hold for a request, a byte each at `output`: asked one by one. */
export function ask(): i32 {
  const before = begin();
  for (let i = 0; i < lists.length; i++) store<u8>(OUT + <usize>i, lists[i].hold(attributes) ? 1 : 0);
  leave(before);
  return lists.length;
}

/** The same of those that the index finds; 2 for those that it finds and that do not hold. */
export function find(): i32 {
  const before = begin();
  memory.fill(OUT, 0, lists.length);
  const found = index.find(attributes);
  for (let i = found.next(0); i < lists.length; i = found.next(i + 1)) store<u8>(OUT + <usize>i, lists[i].hold(attributes) ? 1 : 2);
  leave(before);
  return lists.length;
}

function begin(): u32 {
  const before = enter(1);
  const stream = new Stream();
  stream._id = 1;
  attributes.of(new Headers().bind(MapType.RequestHeaders, 1, stream), stream);
  return before;
}
