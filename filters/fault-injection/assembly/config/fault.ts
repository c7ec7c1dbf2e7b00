import { Bytes, JsonArray, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { readConditions, readValue, Value } from "../../../../policy";
import { isCertain } from "../core/dice";
import { Fault, Mode } from "../fault";
import { Picker } from "../picker";
import { readAbort } from "./abort";
import { readDelay } from "./delay";
import { readDuring } from "./during";
import { readResponse } from "./response";

/** What header control's faults are called: no configured one may be. */
export const HEADER_CONTROL: Bytes = Bytes.of("header-control");

const MODES: string[] = ["enforce", "shadow", "off"];
const LONGEST_NAME: i32 = 64;
const MOST: i64 = 1_000_000_000;
const MOST_PARTS: i32 = 16;
export const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
/** 366 days. */
export const YEAR: i64 = 8_784 * HOUR;

/** In the order of the documentation: an unknown field's message lists those that there are as they are asked for. */
export function readFault(json: JsonObject): Fault {
  const name = readName(json);
  const when = json.array("when");
  const picker = new Picker(name, readConditions(when), when.length > 0);
  picker.key = readKey(json, "key");
  picker.every = <u32>json.integer("every", 0, 1, MOST);
  picker.first = <u32>json.integer("first", 0, 1, MOST);
  if (json.has("every") && json.has("first")) json.problem("first", "does not go with every");
  readAttempt(json.object("attempt"), picker);
  picker.during = readDuring(json.object("during"));
  picker.forgetAfter = <u64>json.duration("forgetAfter", HOUR, SECOND, YEAR);
  const delay = readDelay(json.object("delay"));
  const abort = readAbort(json.object("abort"));
  const response = readResponse(json.object("response"));
  const mode = <Mode>json.choice("mode", MODES, Mode.Enforce);
  picker.certain =
    (delay === null || (isCertain(delay.share) && delay.latency.isFixed)) &&
    (abort === null || isCertain(abort.share)) &&
    (response === null || isCertain(response.share));
  if (!json.has("delay") && !json.has("abort") && !json.has("response")) json.problem("", "needs one of: delay, abort, response");
  return new Fault(name, picker, delay, abort, response, mode);
}

function readName(json: JsonObject): Bytes {
  const name = json.bytes("name");
  let valid = name.length > 0 && name.length <= LONGEST_NAME;
  for (let i = 0; i < name.length; i++) {
    const byte = name.at(i);
    const letter = <u32>((byte | 0x20) - 0x61) < 26;
    if (!letter && (i == 0 || (<u32>(byte - 0x30) >= 10 && byte != 0x2d && byte != 0x2e && byte != 0x5f))) valid = false;
  }
  if (!json.has("name")) json.problem("", "name is missing");
  else if (!valid) json.problem("name", "must be 1 to 64 letters, digits, - . or _, a letter first");
  else if (name.equals(HEADER_CONTROL)) json.problem("name", "is that of headerControl's faults");
  return name;
}

function readKey(json: JsonObject, key: string): Value[] {
  const values: Value[] = [];
  const array = json.array(key);
  if (array.length == 0 && json.kind(key) == JsonKind.Array) json.problem(key, "must not be empty");
  if (array.length > MOST_PARTS) json.problem(key, "must have 16 values at most");
  for (let i = 0; i < array.length; i++) {
    const object = array.object(i);
    if (!object.present) continue;
    const value = readValue(object, true);
    if (value !== null) values.push(value);
  }
  return values;
}

function readAttempt(json: JsonObject, picker: Picker): void {
  if (!json.present) return;
  picker.attempt = <u32>json.integer("number", 0, 1, MOST);
  if (!json.has("number")) json.problem("", "number is missing");
  picker.attemptKey = readKey(json, "key");
}
