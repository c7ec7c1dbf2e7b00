// The filter's pure parts as plain functions: numbers and bytes in at `input`, out at `output`.
import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk/assembly/memory/arena";
import { pushInteger, pushString } from "../assembly/core/fields";
import { Permits } from "../assembly/core/permits";
import { Rate, WINDOW_BYTES } from "../assembly/core/rate";
import { Window } from "../assembly/core/window";

const IN: usize = memory.data(1 << 17, 16);
const OUT: usize = memory.data(1 << 17, 16);
const CELL: usize = memory.data(WINDOW_BYTES, 16);

let rate: Rate = new Rate(1, 1, 1);
let permits: Permits = new Permits();

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

export function fits(requests: u32, per: u64, burst: u32): bool {
  return Rate.fits(requests, per, burst);
}

/** An empty cell, which is a full bucket, with these numbers. */
export function open(requests: u32, per: u64, burst: u32): void {
  rate = new Rate(requests, per, burst);
  memory.fill(CELL, 0, WINDOW_BYTES);
}

/** Only the numbers: the bucket stays. */
export function renumber(requests: u32, per: u64, burst: u32): void {
  rate = new Rate(requests, per, burst);
}

/** Of `count` arrivals at `input` (time: 8 bytes, cost: 4), which are admitted: a byte each at `output`. */
export function arrivals(count: i32): i32 {
  for (let i = 0; i < count; i++) {
    const at = IN + <usize>(i * 12);
    store<u8>(OUT + <usize>i, arrive(load<u64>(at), load<u32>(at, 8)) ? 1 : 0);
  }
  return count;
}

export function arrive(now: u64, cost: u32): bool {
  const used = rate.used(CELL, now);
  if (!rate.admits(used, cost)) return false;
  rate.store(CELL, now, used + <u64>cost * rate.p);
  return true;
}

export function owe(now: u64, cost: u32): void {
  rate.store(CELL, now, rate.owing(rate.used(CELL, now), cost));
}

export function refund(now: u64, cost: u32, elapsed: u64): void {
  rate.store(CELL, now, rate.refunded(rate.used(CELL, now), cost, elapsed));
}

export function used(now: u64): u64 {
  return rate.used(CELL, now);
}

export function remaining(now: u64): u32 {
  return rate.remaining(rate.used(CELL, now));
}

export function wait(now: u64, cost: u32): u64 {
  return rate.wait(rate.used(CELL, now), cost);
}

export function untilFull(now: u64): u64 {
  return rate.untilFull(rate.used(CELL, now));
}

/** What clients are told of a rate by this name, the parts separated by line ends. */
export function members(length: i32, requests: u32, per: u64, burst: u32): i32 {
  const before = enter(1);
  const window = new Window(new Rate(requests, per, burst), Bytes.static(IN, length));
  const text = new ArenaBuffer();
  const parts: Bytes[] = [window.policy, window.item, window.legacy];
  for (let i = 0; i < parts.length; i++) {
    text.push(parts[i].ptr, parts[i].length);
    text.pushByte(0x0a);
  }
  return finish(text, before);
}

export function string(length: i32): i32 {
  const before = enter(1);
  const text = new ArenaBuffer();
  pushString(text, Bytes.static(IN, length));
  return finish(text, before);
}

export function integer(value: u64): i32 {
  const before = enter(1);
  const text = new ArenaBuffer();
  pushInteger(text, value);
  return finish(text, before);
}

export function keep(hash: u64, count: u32, end: u64): void {
  permits.put(hash, count, end);
}

export function room(hash: u64, now: u64): bool {
  return permits.hasRoom(hash, now);
}

/** 1 when there was a permit, and takes it. */
export function spend(hash: u64, now: u64): bool {
  if (permits.find(hash, now) == 0) return false;
  permits.take(hash);
  return true;
}

function finish(text: ArenaBuffer, before: u32): i32 {
  const length = text.length;
  memory.copy(OUT, text.at, length);
  leave(before);
  return length;
}
