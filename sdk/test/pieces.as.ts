// The SDK's pieces that make no host call, for pieces.test.ts.
import { Bytes } from "../assembly/bytes";
import { Deadlines } from "../assembly/deadlines";
import { SipHash } from "../assembly/siphash";

const IN: usize = memory.data(1 << 16, 16);
const OUT: usize = memory.data(1 << 16, 16);

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/** The hash of all bytes but the first 16, which are the key; at `output`. */
export function siphash(length: i32): void {
  const hasher = new SipHash(load<u64>(IN), load<u64>(IN, 8));
  store<u64>(OUT, hasher.hash(Bytes.static(IN + 16, length - 16)));
}

let heap = new Deadlines();

export function newDeadlines(): void {
  heap = new Deadlines();
}

export function addDeadline(id: i32, time: i64): void {
  heap.add(id, time);
}

export function dueDeadline(now: i64): i32 {
  return heap.due(now);
}

export function removeDeadlines(id: i32): i32 {
  return heap.remove(id) ? 1 : 0;
}

export function nextDeadline(): i64 {
  return heap.next();
}

export function deadlinePeriod(now: i64): i32 {
  return heap.period(now);
}

export function deadlineCount(): i32 {
  return heap.size;
}
