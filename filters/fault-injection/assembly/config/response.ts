import { Bytes, hasNoBody, HeaderName, isFieldValue, JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { isEditable } from "../../../../policy";
import { WHOLE } from "../core/dice";
import { ResponseChange } from "../effects";

const MOST_HEADERS: i32 = 64;
const NOT_EDITABLE: string = "is no name of a header that may be changed here";

export function readResponse(json: JsonObject): ResponseChange | null {
  if (!json.present) return null;
  const change = new ResponseChange();
  const status = <u32>json.integer("status", 0, 200, 599);
  if (hasNoBody(status)) json.problem("status", "must be a status that has a body");
  if (status != 0) change.status = Bytes.of(status.toString());
  readHeaders(json, "set", change.setNames, change.setValues);
  readHeaders(json, "add", change.addNames, change.addValues);
  readNames(json, json.array("remove"), change.removed);
  change.share = json.percentage("percentage", WHOLE);
  if (!json.has("status") && !json.has("set") && !json.has("add") && !json.has("remove")) {
    json.problem("", "needs one of: status, set, add, remove");
  }
  return change;
}

function readHeaders(json: JsonObject, key: string, names: HeaderName[], values: Bytes[]): void {
  const headers = json.object(key);
  if (headers.size > MOST_HEADERS) json.problem(key, "must be 64 at most");
  for (let i = 0; i < headers.size; i++) {
    const text = headers.keyAt(i);
    const name = new HeaderName(text);
    const value = headers.bytes(text);
    if (!isEditable(name)) headers.problem(text, NOT_EDITABLE);
    else if (!isFieldValue(value)) headers.problem(text, "is no header value");
    names.push(name);
    values.push(value);
  }
}

function readNames(json: JsonObject, array: JsonArray, names: HeaderName[]): void {
  if (array.length > MOST_HEADERS) json.problem("remove", "must be 64 at most");
  for (let i = 0; i < array.length; i++) {
    const name = new HeaderName(array.string(i));
    if (!isEditable(name)) array.problem(i, NOT_EDITABLE);
    names.push(name);
  }
}
