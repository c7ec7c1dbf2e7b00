// The filter's pure parts as plain functions: bytes and numbers in at `input`, out at `output`.
import { Bytes, HeaderName, Headers } from "proxy-wasm-assemblyscript-sdk";
import { enter, leave } from "proxy-wasm-assemblyscript-sdk/assembly/context/callback";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk/assembly/memory/arena";
import { Attributes, hasherOf, Random, Value } from "../../../policy";
import { Chance, Fate } from "../assembly/chance";
import { atoi, found } from "../assembly/core/atoi";
import { nanosecondsSince1970 } from "../assembly/core/date-time";
import { draw, happens, Roll, unit } from "../assembly/core/dice";
import { During } from "../assembly/core/during";
import { Exponential, Fixed, Latency, Percentiles, Uniform } from "../assembly/core/latency";
import { pushRequestId } from "../assembly/core/request-id";
import { sameSecret } from "../assembly/core/same-secret";

const IN: usize = memory.data(1 << 17, 16);
const OUT: usize = memory.data(1 << 17, 16);

export function input(): usize {
  return IN;
}

export function output(): usize {
  return OUT;
}

/** Whether the text is a number up to `most`; the number is at `output`. */
export function toInteger(length: i32, most: u64): bool {
  const taken = atoi(Bytes.static(IN, length), most);
  store<u64>(OUT, found);
  return taken;
}

export function dateTime(length: i32): u64 {
  return nanosecondsSince1970(Bytes.static(IN, length));
}

export function during(from: u64, until: u64, each: u64, length: u64, now: u64): bool {
  return new During(from, until, each, length).contains(now);
}

/** Of two texts, one behind the other. */
export function sameSecrets(length: i32, second: i32): bool {
  return sameSecret(Bytes.static(IN, length), Bytes.static(IN + <usize>length, second));
}

/** What is hashed of a request id, at `output`; how many bytes that is. */
export function requestId(length: i32): i32 {
  const before = enter(1);
  const text = new ArenaBuffer();
  pushRequestId(Bytes.static(IN, length), text);
  const size = text.length;
  memory.copy(OUT, text.at, size);
  leave(before);
  return size;
}

let latency: Latency = new Fixed(0);

export function fixed(length: u64): void {
  latency = new Fixed(length);
}

export function uniform(least: u64, most: u64): void {
  latency = new Uniform(least, most);
}

export function exponential(mean: u64, most: u64): void {
  latency = new Exponential(mean, most);
}

/** Of a table at `input`: share and length in turn. */
export function percentiles(count: i32): void {
  const shares: f64[] = [];
  const lengths: f64[] = [];
  for (let i = 0; i < count; i++) {
    shares.push(load<f64>(IN + ((<usize>i) << 4)));
    lengths.push(load<f64>(IN + ((<usize>i) << 4), 8));
  }
  latency = new Percentiles(shares, lengths);
}

/** The lengths for units at `input`, at `output`. */
export function lengths(count: i32): void {
  for (let i = 0; i < count; i++) store<u64>(OUT + ((<usize>i) << 3), latency.of(load<f64>(IN + ((<usize>i) << 3))));
}

/** The places of the numbers that decide, a byte each at `output`. */
export function places(): void {
  store<u8>(OUT, <u8>Roll.Delay);
  store<u8>(OUT, <u8>Roll.Length, 1);
  store<u8>(OUT, <u8>Roll.Abort, 2);
  store<u8>(OUT, <u8>Roll.Response, 3);
}

export function drawn(fate: u64, roll: i32): u64 {
  return draw(fate, <Roll>roll);
}

export function isHappening(number: u64, share: u32): bool {
  return happens(number, share);
}

export function unitOf(number: u64): f64 {
  return unit(number);
}

/** Headers of a request that has a request id only. */
class OnlyId extends Headers {
  constructor(private id: Bytes) {
    super();
  }

  unique(name: HeaderName): Bytes | null {
    return name.toString() == "x-request-id" ? this.id : null;
  }
}

/** A value of a key. */
class Given extends Value {
  constructor(private value: Bytes) {
    super();
  }

  at(from: Attributes, index: i32): Bytes | null {
    return index == 0 ? this.value : null;
  }
}

const ID_LENGTH: i32 = 36;
const ID: usize = memory.data(ID_LENGTH);
const NO_KEY: Value[] = [];

function chanceOf(seed: Bytes): Chance {
  return new Chance(hasherOf(seed), true, new Random(1, 2, 3, 4));
}

/** The fate of a seed, a fault's name and a request id, one behind the other; with `keyed` it is a key's value in place of the id. */
export function fate(seed: i32, name: i32, id: i32, keyed: bool): u64 {
  const before = enter(1);
  const last = Bytes.static(IN + <usize>seed + <usize>name, id);
  const attributes = new Attributes();
  attributes.headers = new OnlyId(last);
  const chance = chanceOf(Bytes.static(IN, seed));
  const known = chance.decide(Bytes.static(IN + <usize>seed, name), keyed ? [<Value>new Given(last)] : NO_KEY, attributes);
  const decided = known == Fate.Known ? chance.fate : 0;
  leave(before);
  return decided;
}

/** A `00000000-0000-4000-8000-000000000000` with a number: ids as far from random as they can be. */
function writeId(number: i32): void {
  for (let i = ID_LENGTH - 1; i >= 0; i--) {
    const dash = i == 8 || i == 13 || i == 18 || i == 23;
    store<u8>(ID + <usize>i, dash ? 0x2d : i == 14 ? 0x34 : i == 19 ? 0x38 : i > 23 ? 0x30 + <u8>(number % 10) : 0x30);
    if (i > 23) number /= 10;
  }
}

const MOST: i32 = 1_000;
/** Two sets of fates. */
const FATES: usize = memory.data(16_000, 16);

// Global, for the end of a callback may collect what only a variable knows.
let decider: Chance = chanceOf(Bytes.of("x"));
let fault: Bytes = Bytes.of("");
const numbered: Attributes = new Attributes();
numbered.headers = new OnlyId(Bytes.static(ID, ID_LENGTH));

/** Decides about `MOST` requests as the filter does, by the seed and the fault's name at `input`, and keeps their fates as set 0 or 1. */
export function decide(seed: i32, name: i32, set: i32): void {
  decider = chanceOf(Bytes.static(IN, seed));
  fault = Bytes.static(IN + <usize>seed, name);
  for (let i = 0; i < MOST; i++) decideOne(i, set);
}

/** A callback of its own for each request, as in the filter. */
function decideOne(i: i32, set: i32): void {
  const before = enter(1);
  writeId(i);
  assert(decider.decide(fault, NO_KEY, numbered) == Fate.Known);
  store<u64>(FATES + ((<usize>(set * MOST + i)) << 3), decider.fate);
  leave(before);
}

function fateOf(set: i32, i: i32): u64 {
  return load<u64>(FATES + ((<usize>(set * MOST + i)) << 3));
}

/** How often `a` of the one set and `b` of the other happen: a only, b only, both, at `output`. */
export function tally(setA: i32, a: i32, shareA: u32, setB: i32, b: i32, shareB: u32): void {
  memory.fill(OUT, 0, 12);
  for (let i = 0; i < MOST; i++) {
    const which = <i32>happens(draw(fateOf(setA, i), <Roll>a), shareA) + ((<i32>happens(draw(fateOf(setB, i), <Roll>b), shareB)) << 1);
    if (which == 0) continue;
    const at = OUT + ((<usize>(which - 1)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** How many of set 0 are delayed, by this share; of those lengths that are below each of `count` numbers at `input` (8 bytes) it is at `output` (4 bytes). */
export function below(count: i32, share: u32): i32 {
  memory.fill(OUT, 0, (<usize>count) << 2);
  let delayed = 0;
  for (let i = 0; i < MOST; i++) {
    const one = fateOf(0, i);
    if (!happens(draw(one, Roll.Delay), share)) continue;
    delayed++;
    const length = latency.of(unit(draw(one, Roll.Length)));
    for (let k = 0; k < count; k++) {
      const at = OUT + ((<usize>k) << 2);
      if (length < load<u64>(IN + ((<usize>k) << 3))) store<u32>(at, load<u32>(at) + 1);
    }
  }
  return delayed;
}
