import { Bytes, JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { readConditions, readValue } from "../../../../policy";
import { CostSource } from "../cost";
import { KeyPart, OnMissing } from "../key";
import { Limit } from "../limit";
import { Mode, Overrides, Plan } from "../plan";
import { PerRoute } from "../route";
import { readCost } from "./cost";
import { MODES, readOverrides } from "./overrides";
import { hasRates, readRates } from "./rates";

const MISSING: string[] = ["skip", "empty", "deny"];
const ON_ERROR: string[] = ["deny", "allow"];
const LONGEST_NAME = 64;
const MOST_BATCH = 1_000;

/** In the order of the documentation: an unknown field's message lists those that there are as they are asked for. */
export function readLimit(json: JsonObject): Limit {
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
