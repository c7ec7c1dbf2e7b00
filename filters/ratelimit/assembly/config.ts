import { JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { ConditionIndex, Conditions, LocalReply } from "../../../policy";
import { readLimit } from "./config/limit";
import { defaultRefusal, readRefusal } from "./config/refusal";
import { Limit } from "./limit";
import { Told } from "./report";

const TOLD: string[] = ["draft", "x-ratelimit"];

/** The filter's configuration; `filters/ratelimit/config.ts` is its schema, and a test holds the two together. */
export class RateLimitConfig {
  readonly limits: Limit[] = [];
  /** By what the limits are about. */
  index: ConditionIndex = new ConditionIndex([]);
  told: u32 = Told.Draft;
  keySlots: u32 = 65_536;
  domain: string = "";
  readonly refusal: LocalReply = defaultRefusal();
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
  const conditions: Conditions[] = [];
  for (let i = 0; i < config.limits.length; i++) conditions.push(config.limits[i].when);
  config.index = new ConditionIndex(conditions);
  if (json.has("responseHeaders")) config.told = readTold(json.array("responseHeaders"));
  config.keySlots = <u32>json.integer("keySlots", config.keySlots, 16, 16_777_216);
  config.domain = json.string("domain");
  readRefusal(json.object("refusal"), config.refusal);
  return config;
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
