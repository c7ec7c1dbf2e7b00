import { Bytes, EMPTY, HeaderName, JsonArray, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { ConditionIndex, Conditions, isEditable, readAddedHeader, readSecret } from "../../../policy";
import { HEADER_CONTROL, readFault } from "./config/fault";
import { WHOLE } from "./core/dice";
import { Fault, Mode } from "./fault";
import { HeaderControl } from "./header-control";
import { Picker } from "./picker";
import { PrincipalPattern } from "./principal-pattern";

const DENOMINATORS: string[] = ["HUNDRED", "TEN_THOUSAND", "MILLION"];
/** What a numerator of 1 is of `WHOLE`. */
const PARTS: u32[] = [WHOLE / 100, WHOLE / 10_000, WHOLE / 1_000_000];
/** JavaScript's, by which a schema judges. */
const LARGEST_SEED: i64 = 9_007_199_254_740_991;
const SPIFFE: Bytes = Bytes.of("spiffe://");
const STAR: u8 = 0x2a;

/** The filter's configuration; `filters/fault-injection/config.ts` is its schema, and a test holds the two together. */
export class FaultInjectionConfig {
  /** Those that are not off. */
  readonly faults: Fault[] = [];
  /** By what the faults are about. */
  index: ConditionIndex = new ConditionIndex([]);
  /** Empty: chance decides. */
  seed: Bytes = Bytes.of("");
  maxActive: u32 = 10_000;
  keySlots: u32 = 65_536;
  headerControl: HeaderControl | null = null;
  responseHeader: HeaderName | null = null;
  /** Some decision needs the request's headers. */
  readsHeaders: bool = false;

  /** There is nothing that a request could meet. */
  get idle(): bool {
    return this.faults.length == 0 && this.headerControl === null;
  }
}

/** Reads the configuration; what is wrong with it is noted in the document. In the order of the documentation. */
export function readConfig(json: JsonObject): FaultInjectionConfig {
  const config = new FaultInjectionConfig();
  readFaults(json.array("faults"), config);
  const conditions: Conditions[] = [];
  for (let i = 0; i < config.faults.length; i++) conditions.push(config.faults[i].picker.when);
  config.index = new ConditionIndex(conditions);
  config.seed = readSeed(json);
  config.maxActive = <u32>json.integer("maxActive", config.maxActive, 0, 1_000_000_000);
  config.keySlots = <u32>json.integer("keySlots", config.keySlots, 16, 16_777_216);
  const control = json.object("headerControl");
  if (control.present) config.headerControl = readHeaderControl(control);
  config.responseHeader = readAddedHeader(json, "responseHeader");
  if (config.headerControl !== null) config.readsHeaders = true;
  for (let i = 0; i < config.faults.length; i++) {
    if (config.faults[i].picker.readsHeaders(config.seed.length > 0)) config.readsHeaders = true;
  }
  return config;
}

function readFaults(array: JsonArray, config: FaultInjectionConfig): void {
  const names: Bytes[] = [];
  for (let i = 0; i < array.length; i++) {
    const object = array.object(i);
    if (!object.present) continue;
    const fault = readFault(object);
    for (let k = 0; k < names.length; k++) {
      if (fault.name.length > 0 && names[k].equals(fault.name)) object.problem("name", "is another fault's name already");
    }
    names.push(fault.name);
    if (fault.mode != Mode.Off) config.faults.push(fault);
  }
}

/** A text, or a whole number, which is as good as its digits. */
function readSeed(json: JsonObject): Bytes {
  if (json.kind("seed") == JsonKind.Number) return Bytes.of(json.integer("seed", 0, 0, LARGEST_SEED).toString());
  const seed = json.kind("seed") == JsonKind.String ? json.bytes("seed") : EMPTY;
  if (json.has("seed") && seed.length == 0) json.problem("seed", "must be a text that is not empty, or a whole number");
  return seed;
}

function readHeaderControl(json: JsonObject): HeaderControl {
  const picker = new Picker(HEADER_CONTROL, new Conditions([]), false);
  const control = new HeaderControl(new Fault(HEADER_CONTROL, picker, null, null, null, Mode.Enforce));
  const secret = json.object("secret");
  if (secret.present) control.secret = readSecret(secret);
  control.secretHeader = readSecretHeader(json, control.secretHeader);
  const from = json.array("from");
  for (let i = 0; i < from.length; i++) {
    const text = from.bytes(i);
    if (!isPattern(text)) from.problem(i, "must be a principal without spiffe://, with a * in front or at the end at most");
    control.from.push(new PrincipalPattern(text));
  }
  if (from.length == 0 && json.kind("from") == JsonKind.Array) json.problem("from", "must not be empty");
  control.delayShare = json.percentage("delayPercentage", WHOLE);
  control.abortShare = json.percentage("abortPercentage", WHOLE);
  control.part = PARTS[json.choice("denominator", DENOMINATORS)];
  control.strips = json.boolean("strip", false);
  if (!json.has("secret") && !json.has("from")) json.problem("", "needs one of: secret, from");
  else if (json.has("secret") && json.has("from")) json.problem("", "has one too many: secret or from, not both");
  return control;
}

function readSecretHeader(json: JsonObject, otherwise: HeaderName): HeaderName {
  if (!json.has("secretHeader")) return otherwise;
  const name = new HeaderName(json.string("secretHeader"));
  if (isEditable(name)) return name;
  json.problem("secretHeader", "is no name of a header that may be changed here");
  return otherwise;
}

function isPattern(text: Bytes): bool {
  if (text.length == 0 || text.startsWith(SPIFFE)) return false;
  const star = text.indexOf(STAR);
  if (star < 0 || star == text.length - 1) return true;
  return star == 0 && text.indexOf(STAR, 1) < 0;
}
