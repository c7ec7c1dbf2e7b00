import { ArenaBuffer, Bytes, JsonArray, JsonKind } from "proxy-wasm-assemblyscript-sdk";
import { Window } from "../core/window";
import { Mode, Override, Plan } from "../plan";
import { hasRates, readRates } from "./rates";

/** In the order of `Mode`. */
export const MODES: string[] = ["enforce", "shadow", "off"];

/** @param numbers whether the limit has rates of its own */
export function readOverrides(array: JsonArray, name: Bytes, parts: i32, windows: Window[], numbers: bool, mode: Mode): Override[] {
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
    for (let k = 0; k < values.length; k++) key.pushSized(values.bytes(k));
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
