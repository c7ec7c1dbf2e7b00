// The SDK's pieces that make no host call, for pieces.test.ts.
import { Base64, decodeBase64 } from "../assembly/base64";
import { Bytes } from "../assembly/bytes";
import { Deadlines } from "../assembly/deadlines";
import { derOfPem } from "../assembly/foreign/pem";
import { reset } from "../assembly/memory/arena";
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

export function addDeadline(id: i32, time: i64): u64 {
  return heap.add(id, time);
}

export function dueDeadline(now: i64): i32 {
  return heap.due(now);
}

export function removeDeadline(ticket: u64): bool {
  return heap.remove(ticket);
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

/** The bytes at `output`; how many, or -1. */
export function base64(length: i32, url: i32): i32 {
  return given(decodeBase64(Bytes.static(IN, length), url != 0 ? Base64.Url : Base64.Standard));
}

export function pem(length: i32): i32 {
  return given(derOfPem(Bytes.static(IN, length)));
}

function given(bytes: Bytes | null): i32 {
  let length = -1;
  if (bytes !== null) {
    length = bytes.length;
    memory.copy(OUT, bytes.ptr, length);
  }
  reset();
  return length;
}
