import { JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { oneOf } from "../../../../policy";
import { WHOLE } from "../core/dice";
import { Exponential, Fixed, Latency, Percentiles, Uniform } from "../core/latency";
import { Delay } from "../effects";

const SHAPES: string[] = ["fixed", "uniform", "exponential", "percentiles"];
/** 24 hours. */
const LONGEST: i64 = 86_400_000_000_000;
/** Of 100 %: four decimals. */
const PARTS: i32 = 1_000_000;

export function readDelay(json: JsonObject): Delay | null {
  if (!json.present) return null;
  const shape = oneOf(json, SHAPES, "shape");
  let latency: Latency = new Fixed(0);
  if (shape == "fixed") latency = new Fixed(lengthOf(json, "fixed"));
  else if (shape == "uniform") latency = readUniform(json.object("uniform"));
  else if (shape == "exponential") latency = readExponential(json.object("exponential"));
  else if (shape == "percentiles") latency = readPercentiles(json, json.object("percentiles"));
  return new Delay(latency, json.percentage("percentage", WHOLE));
}

function lengthOf(json: JsonObject, key: string): u64 {
  return <u64>json.duration(key, 0, 0, LONGEST);
}

function readUniform(json: JsonObject): Latency {
  const least = lengthOf(json, "min");
  const most = lengthOf(json, "max");
  if (json.present && !json.has("max")) json.problem("", "max is missing");
  else if (least > most) json.problem("min", "must not be more than max");
  return new Uniform(min(least, most), most);
}

function readExponential(json: JsonObject): Latency {
  const mean = lengthOf(json, "mean");
  if (json.present && !json.has("mean")) json.problem("", "mean is missing");
  return new Exponential(mean, json.has("max") ? lengthOf(json, "max") : min(mean * 10, <u64>LONGEST));
}

/** Puts the points in order, with 0 at 0 % unless it says otherwise. */
function readPercentiles(parent: JsonObject, json: JsonObject): Latency {
  const parts: i32[] = [0];
  const lengths: f64[] = [0];
  const names: string[] = [""];
  if (json.present && json.size == 0) parent.problem("percentiles", "must have at least one percentile");
  for (let i = 0; i < json.size; i++) {
    const key = json.keyAt(i);
    const length = <f64>lengthOf(json, key);
    const part = partsOf(key);
    if (part < 0) {
      json.problem(key, "must be a percentile: p0 to p100, with four decimals at most");
      continue;
    }
    let at = 0;
    while (at < parts.length && parts[at] < part) at++;
    if (at < parts.length && parts[at] == part) {
      if (names[at].length > 0) json.problem(key, "is there already");
      names[at] = key;
      lengths[at] = length;
      continue;
    }
    insert<i32>(parts, at, part);
    insert<f64>(lengths, at, length);
    insert<string>(names, at, key);
  }
  const shares: f64[] = [];
  for (let i = 0; i < parts.length; i++) {
    shares.push(<f64>parts[i] / <f64>PARTS);
    if (i > 0 && lengths[i] < lengths[i - 1]) json.problem(names[i], "must not be less than a lower percentile's");
  }
  return new Percentiles(shares, lengths);
}

function insert<T>(array: T[], at: i32, value: T): void {
  array.push(value);
  for (let i = array.length - 1; i > at; i--) array[i] = array[i - 1];
  array[at] = value;
}

/** `p99.9` in parts of 1,000,000; -1 when it is none. */
function partsOf(key: string): i32 {
  const point = key.indexOf(".");
  const end = point < 0 ? key.length : point;
  if (!key.startsWith("p") || end < 2 || end > 4 || (end > 2 && key.charCodeAt(1) == 0x30)) return -1;
  let parts = 0;
  for (let i = 1; i < end; i++) {
    const digit = key.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    parts = parts * 10 + digit;
  }
  const decimals = point < 0 ? 0 : key.length - point - 1;
  if (parts > 100 || (point >= 0 && (decimals < 1 || decimals > 4 || parts == 100))) return -1;
  for (let i = 0; i < 4; i++) {
    const digit = i < decimals ? key.charCodeAt(point + 1 + i) - 0x30 : 0;
    if (digit < 0 || digit > 9) return -1;
    parts = parts * 10 + digit;
  }
  return parts;
}
