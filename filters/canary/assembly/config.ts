import { Bytes, HeaderName, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { isEditable, readValue } from "../../../policy";
import { Split } from "./split";

const HEADER = "x-meshscript-canary";

/** The filter's configuration; `filters/canary/config.ts` is its schema, and a test holds the two together. */
export class CanaryConfig {
  header: HeaderName = new HeaderName(HEADER);
  /** Of routes that name none. */
  unnamed: Split | null = null;
  readonly named: Split[] = [];
}

/** Reads the configuration; what is wrong with it is noted in the document. */
export function readConfig(json: JsonObject): CanaryConfig {
  const config = new CanaryConfig();
  const header = new HeaderName(json.string("header", HEADER));
  if (isEditable(header)) config.header = header;
  else json.problem("header", "is no name of a header that may be changed here");
  const splits = json.array("splits");
  for (let i = 0; i < splits.length; i++) {
    const object = splits.object(i);
    if (object.present) readSplit(object, config);
  }
  return config;
}

function readSplit(object: JsonObject, config: CanaryConfig): void {
  const name = object.bytes("name");
  if (object.has("name") && name.length == 0) object.problem("name", "must not be empty");
  if (isTaken(name, config)) object.problem("name", "is another split's name already");
  const seed = object.bytes("seed");
  const json = object.object("unit");
  if (!json.present) {
    object.problem("unit", "is missing");
    return;
  }
  const unit = readValue(json);
  if (unit === null) return;
  const split = new Split(name.copy(), seed, unit);
  if (name.length > 0) config.named.push(split);
  else config.unnamed = split;
}

function isTaken(name: Bytes, config: CanaryConfig): bool {
  if (name.length == 0) return config.unnamed !== null;
  for (let i = 0; i < config.named.length; i++) if (config.named[i].name.equals(name)) return true;
  return false;
}
