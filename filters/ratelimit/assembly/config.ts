import {
  ArenaBuffer,
  Bytes,
  EMPTY,
  GrpcStatus,
  HeaderList,
  HeaderName,
  JsonArray,
  JsonKind,
  JsonObject,
  PropertyPath,
} from "proxy-wasm-assemblyscript-sdk";
import { readConditions, readValue } from "../../../policy";
import { MOST_WINDOWS } from "./attempt";
import { Rate } from "./core/rate";
import { Window } from "./core/window";
import { Cost, CostSource } from "./cost";
import { KeyPart, OnMissing, pushPart } from "./key";
import { Limit } from "./limit";
import { Mode, Override, Overrides, Plan } from "./plan";
import { Refusal } from "./refusal";
import { Told } from "./report";
import { MOST_REQUESTS, PerRoute } from "./route";

const MODES: string[] = ["enforce", "shadow", "off"];
const MISSING: string[] = ["skip", "empty", "deny"];
const ON_ERROR: string[] = ["deny", "allow"];
const CHARGES: string[] = ["before", "after"];
const TOLD: string[] = ["draft", "x-ratelimit"];
const GRPC: string[] = ["RESOURCE_EXHAUSTED", "UNAVAILABLE"];
/** Attributes that a cost may be, and how many of them, from the left, are there before the response. */
const COSTS: string[] = ["request.size", "request.total_size", "response.size", "response.total_size"];
const EARLY_COSTS = 1;

const MILLISECOND: i64 = 1_000_000;
const YEAR: i64 = 366 * 24 * 3_600_000 * MILLISECOND;
const LONGEST_NAME = 64;
const MOST_BATCH = 1_000;
const MOST_HEADERS = 64;

/** The filter's configuration; `filters/ratelimit/config.ts` is its schema, and a test holds the two together. */
export class RateLimitConfig {
  readonly limits: Limit[] = [];
  told: u32 = Told.Draft;
  keySlots: u32 = 65_536;
  domain: string = "";
  readonly refusal: Refusal = new Refusal();
  /** Some limit is charged when the stream is over. */
  chargesAfter: bool = false;
}

/** Reads the configuration; what is wrong with it is noted in the document. */
export function readConfig(json: JsonObject): RateLimitConfig {
  const config = new RateLimitConfig();
  const limits = json.array("limits");
  for (let i = 0; i < limits.length; i++) {
    const object = limits.object(i);
    if (!object.present) continue;
    const limit = readLimit(object);
    for (let k = 0; k < config.limits.length; k++) {
      // Two without a name have none in common.
      const taken = limit.name.length > 0 && config.limits[k].name.equals(limit.name);
      if (taken) object.problem("name", "is another limit's name already");
    }
    config.limits.push(limit);
    if (limit.cost.after) config.chargesAfter = true;
  }
  if (json.has("responseHeaders")) config.told = readTold(json.array("responseHeaders"));
  config.keySlots = <u32>json.integer("keySlots", config.keySlots, 16, 16_777_216);
  config.domain = json.string("domain");
  readRefusal(json.object("refusal"), config.refusal);
  return config;
}

/** In the order of the documentation: an unknown field's message lists those that there are as they are asked for. */
function readLimit(json: JsonObject): Limit {
  const name = readName(json);
  const when = readConditions(json.array("when"));
  const key = readKey(json.array("key"));
  const windows = readRates(json, name);
  const special = json.array("overrides");
  const perRoute = json.boolean("perRoute", false);
  const cost = readCost(json);
  const mode = json.choice("mode", MODES, Mode.Enforce);
  const enforced = json.percentage("enforcePercentage", 1_000_000_000);
  const opens = json.choice("onError", ON_ERROR, 0) == 1;
  const batch = <u32>json.integer("batch", 1, 1, MOST_BATCH);
  if (!hasRates(json) && !perRoute) json.problem("", "needs requests and per, or windows");
  const overrides = readOverrides(special, name, key.length, windows, hasRates(json), mode);
  let widest = perRoute ? max(1, windows.length) : windows.length;
  for (let i = 0; i < overrides.length; i++) widest = max(widest, overrides[i].plan.windows.length);
  if (batch > 1 && (cost.source != CostSource.Number || cost.after || widest > 1)) {
    json.problem("batch", "is for limits with one rate and a cost that is a number, charged before");
  }
  return new Limit(
    name,
    when,
    key,
    windows.length == 0 ? null : new Plan(windows, mode),
    new Overrides(overrides),
    perRoute ? new PerRoute(name.toString()) : null,
    cost,
    enforced,
    opens,
    batch,
    max(widest, 1),
  );
}

function readName(json: JsonObject): Bytes {
  const name = json.bytes("name");
  let visible = true;
  for (let i = 0; i < name.length; i++) {
    const byte = name.at(i);
    if (byte < 0x20 || byte > 0x7e) visible = false;
  }
  if (!json.has("name")) json.problem("", "name is missing");
  else if (name.length == 0 || name.length > LONGEST_NAME || !visible) {
    json.problem("name", "must be 1 to 64 characters of visible ASCII and spaces");
  }
  return name;
}

function readKey(array: JsonArray): KeyPart[] {
  const parts: KeyPart[] = [];
  for (let i = 0; i < array.length; i++) {
    const object = array.object(i);
    if (!object.present) continue;
    const value = readValue(object, true);
    const onMissing = object.choice("onMissing", MISSING, OnMissing.Empty);
    if (value !== null) parts.push(new KeyPart(value, onMissing));
  }
  return parts;
}

/** `requests`, `per`, `burst`, or `windows`; none when there are neither. */
function readRates(json: JsonObject, name: Bytes): Window[] {
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

function hasRates(json: JsonObject): bool {
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

/** @param numbers whether the limit has rates of its own */
function readOverrides(array: JsonArray, name: Bytes, parts: i32, windows: Window[], numbers: bool, mode: Mode): Override[] {
  const overrides: Override[] = [];
  for (let i = 0; i < array.length; i++) {
    const object = array.object(i);
    if (!object.present) continue;
    const values = object.array("key");
    if (!object.has("key")) object.problem("", "key is missing");
    else if (object.kind("key") == JsonKind.Array && values.length != parts) {
      object.problem("key", "must hold one value for each part of the limit's key, which has " + parts.toString());
    }
    const key = new ArenaBuffer();
    for (let k = 0; k < values.length; k++) pushPart(key, values.bytes(k));
    const own = key.bytes().copy();
    for (let k = 0; k < overrides.length; k++) {
      if (overrides[k].key.equals(own)) object.problem("key", "has an override already");
    }
    let rates = readRates(object, name);
    const chosen = object.choice("mode", MODES, mode);
    if (!hasRates(object)) {
      if (!object.has("mode")) object.problem("", "needs requests and per, windows or mode");
      else if (!numbers && chosen != Mode.Off) object.problem("mode", "must be off, for the limit has no numbers of its own");
      rates = windows;
    }
    overrides.push(new Override(own, new Plan(rates, rates.length == 0 ? Mode.Off : chosen)));
  }
  return overrides;
}

function readCost(json: JsonObject): Cost {
  const kind = json.kind("cost");
  if (kind != JsonKind.Object) {
    const number = <u32>json.integer("cost", 1, 1, MOST_REQUESTS);
    return new Cost(CostSource.Number, number, i32.MAX_VALUE, json.choice("charge", CHARGES, 0) == 1);
  }
  const object = json.object("cost");
  const found = (object.has("header") ? 1 : 0) + (object.has("responseHeader") ? 1 : 0) + (object.has("attribute") ? 1 : 0);
  if (found != 1) object.problem("", "needs one of: header, responseHeader, attribute");
  const otherwise = <u32>object.integer("default", 1, 0, MOST_REQUESTS);
  const most = <u32>object.integer("max", MOST_REQUESTS, 1, MOST_REQUESTS);
  let source = CostSource.Attribute;
  let header = HeaderName.PATH;
  let path = new PropertyPath(Bytes.of(""));
  let late = false;
  if (object.has("header")) {
    source = CostSource.RequestHeader;
    header = readHeader(object, "header");
  }
  if (object.has("responseHeader")) {
    source = CostSource.ResponseHeader;
    header = readHeader(object, "responseHeader");
    late = true;
  }
  if (object.has("attribute")) {
    const which = object.choice("attribute", COSTS, 0);
    path = PropertyPath.of(COSTS[which]);
    late = which >= EARLY_COSTS;
  }
  const after = json.choice("charge", CHARGES, late ? 1 : 0) == 1;
  if (late && !after) json.problem("charge", "must be after: the cost is not known before the response");
  return new Cost(source, otherwise, most, after, header, path);
}

function readHeader(json: JsonObject, key: string): HeaderName {
  const text = json.string(key);
  const name = new HeaderName(text);
  if (!name.valid || text.startsWith(":")) json.problem(key, 'must be a header name, got "' + text + '"');
  return name;
}

function readTold(array: JsonArray): u32 {
  let told: u32 = Told.Nothing;
  for (let i = 0; i < array.length; i++) {
    const choice = array.choice(i, TOLD);
    if (choice < 0) continue;
    if (told & (1 << choice)) array.problem(i, "is in the list already");
    told |= 1 << choice;
  }
  return told;
}

function readRefusal(json: JsonObject, refusal: Refusal): void {
  if (!json.present) return;
  refusal.status = <u32>json.integer("status", refusal.status, 400, 599);
  refusal.body = json.bytes("body", refusal.body);
  refusal.contentType = json.bytes("contentType", refusal.contentType);
  if (!isFieldValue(refusal.contentType)) json.problem("contentType", "is no header value");
  const headers = json.object("headers");
  if (headers.size > MOST_HEADERS) json.problem("headers", "must be 64 at most");
  for (let i = 0; i < headers.size; i++) {
    const key = headers.keyAt(i);
    const name = new HeaderName(key);
    const value = headers.bytes(key);
    if (!mayBeAdded(name)) headers.problem(key, "is no name of a header that may be added here");
    else if (!isFieldValue(value)) headers.problem(key, "is no header value");
    refusal.names.push(name);
    refusal.values.push(value);
  }
  if (json.choice("grpcStatus", GRPC, 0) == 1) refusal.grpcStatus = GrpcStatus.Unavailable;
}

/** A list of headers says what it does not take in a log line of its own: it is only asked for names that it takes. */
function mayBeAdded(name: HeaderName): bool {
  if (!name.valid || name.bytes.at(0) == 0x3a || RESERVED.includes(name.toString())) return false;
  return new HeaderList().add(name, EMPTY).framing === null;
}

/** RFC 9110, 5.5: no control characters but tabs. */
function isFieldValue(value: Bytes): bool {
  for (let i = 0; i < value.length; i++) {
    const byte = value.at(i);
    if ((byte < 0x20 && byte != 0x09) || byte == 0x7f) return false;
  }
  return true;
}

/** What the refusal writes itself. */
const RESERVED: string[] = [
  "content-type",
  "retry-after",
  "ratelimit",
  "ratelimit-policy",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
];
