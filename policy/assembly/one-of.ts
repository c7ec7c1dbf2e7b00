import { JsonObject } from "proxy-wasm-assemblyscript-sdk";

/**
 * The one of `names` that an object has as a key; empty when it has none. That, and a second one, is noted as a problem.
 *
 * @param what the names are of, for the message
 */
export function oneOf(object: JsonObject, names: string[], what: string): string {
  let found = "";
  for (let i = 0; i < names.length; i++) {
    if (!object.has(names[i])) continue;
    if (found.length) object.problem(names[i], "names a second " + what + ": " + found + " or " + names[i] + ", not both");
    else found = names[i];
  }
  if (!found.length) object.problem("", "needs one of: " + names.join(", "));
  return found;
}
