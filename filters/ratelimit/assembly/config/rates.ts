import { Bytes, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { MOST_WINDOWS } from "../attempt";
import { Rate } from "../core/rate";
import { Window } from "../core/window";
import { MOST_REQUESTS } from "../route";

const MILLISECOND: i64 = 1_000_000;
const YEAR: i64 = 366 * 24 * 3_600_000 * MILLISECOND;

/** `requests`, `per`, `burst`, or `windows`; none when there are neither. */
export function readRates(json: JsonObject, name: Bytes): Window[] {
  const windows: Window[] = [];
  const single = hasRate(json);
  if (!json.has("windows")) {
    const rate = single ? readRate(json) : null;
    if (rate !== null) windows.push(new Window(rate, name));
    return windows;
  }
  const array = json.array("windows");
  if (single) {
    json.problem("windows", "stands in place of requests, per and burst");
    readRate(json);
  }
  if (json.kind("windows") == JsonKind.Array && (array.length == 0 || array.length > MOST_WINDOWS)) {
    json.problem("windows", "must be 1 to 8 rates");
  }
  const names: string[] = [];
  for (let i = 0; i < array.length; i++) {
    const object = array.object(i);
    if (!object.present) continue;
    const rate = readRate(object);
    const own = name.toString() + "/" + object.string("per");
    if (names.includes(own)) object.problem("per", "must differ from the other windows': the client knows them by it");
    names.push(own);
    if (rate !== null && windows.length < MOST_WINDOWS) windows.push(new Window(rate, Bytes.of(own)));
  }
  return windows;
}

export function hasRates(json: JsonObject): bool {
  return hasRate(json) || json.has("windows");
}

/** Asks for all three, whichever are there. */
function hasRate(json: JsonObject): bool {
  const requests = json.has("requests");
  const per = json.has("per");
  const burst = json.has("burst");
  return requests || per || burst;
}

function readRate(json: JsonObject): Rate | null {
  if (!json.has("requests")) json.problem("", "requests is missing");
  if (!json.has("per")) json.problem("", "per is missing");
  const requests = <u32>json.integer("requests", 0, 1, MOST_REQUESTS);
  const per = json.duration("per", -1);
  const burst = json.has("burst") ? <u32>json.integer("burst", 0, 1, MOST_REQUESTS) : requests;
  const inRange = per >= MILLISECOND && per <= YEAR;
  if (per >= 0 && !inRange) json.problem("per", "must be from 1ms to 8784h");
  // What is missing or out of range is noted; whether it could be counted cannot be said.
  if (requests == 0 || !inRange || burst == 0) return null;
  if (Rate.fits(requests, per, burst)) return new Rate(requests, per, burst);
  json.problem(json.has("burst") ? "burst" : "requests", "with this per is too large to be counted exactly: choose rounder numbers");
  return null;
}
