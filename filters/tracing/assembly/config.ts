import { Bytes, HeaderName, JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, ConditionIndex, Conditions, readConditions } from "../../../policy";
import { BaggagePolicy } from "./core/baggage";
import { Extractor } from "./core/extract";
import { Format } from "./core/incoming";
import { WHOLE } from "./core/sampling";
import { isKey, isValue } from "./core/tracestate";
import { ExportConfig, readExport } from "./export/config";

export enum Mode {
  /** We write the trace headers. */
  Enforce = 0,
  /** Envoy's own tracer writes them; we never do. */
  Observe = 1,
  Off = 2,
}

/** A percentage for the requests that conditions pick. */
export class SamplingRule {
  constructor(
    readonly when: Conditions,
    readonly share: u32,
  ) {}
}

/** The filter's configuration; `filters/tracing/config.ts` is its schema, and a test holds the two together. */
export class TracingConfig {
  mode: i32 = Mode.Enforce;
  extract: Extractor = new Extractor([Format.TraceContext, Format.B3, Format.B3Multi]);
  /** A bit for each `Format`. */
  inject: u32 = 1 << Format.TraceContext;
  /** False at an untrusted edge: what comes is replaced. */
  trusted: bool = true;
  strip: bool = false;
  share: u32 = WHOLE;
  parentBased: bool = true;
  rules: SamplingRule[] = [];
  /** By what the rules are about. */
  index: ConditionIndex = new ConditionIndex([]);
  forceHeader: HeaderName | null = null;
  /** Empty: no member of our own. */
  stateKey: Bytes = Bytes.of("");
  /** Empty: the span id. */
  stateValue: Bytes = Bytes.of("");
  baggage: BaggagePolicy | null = null;
  serverTiming: bool = false;
  traceIdHeader: HeaderName | null = null;
  /** Null: spans stay here. */
  exporting: ExportConfig | null = null;

  /** There are ids of ours, which a span can be told by. */
  get hasSpans(): bool {
    return this.exporting !== null && this.mode == Mode.Enforce && !this.strip && this.inject != 0;
  }

  /** The percentage of the first rule that the request meets, else the general one. */
  shareFor(from: Attributes): u32 {
    const candidates = this.index.find(from);
    for (let i = candidates.next(0); i < this.rules.length; i = candidates.next(i + 1)) {
      if (this.rules[i].when.hold(from)) return this.rules[i].share;
    }
    return this.share;
  }
}

const MODES: string[] = ["enforce", "observe", "off"];
const INBOUND: string[] = ["continue", "restart"];
/** In the order of `Format`. */
const FORMATS: string[] = ["tracecontext", "b3", "b3multi", "jaeger"];

/** Reads the configuration; what is wrong with it is noted in the document. */
export function readConfig(json: JsonObject): TracingConfig {
  const config = new TracingConfig();
  config.mode = json.choice("mode", MODES, Mode.Enforce);
  if (json.has("extract")) config.extract = new Extractor(readFormats(json.array("extract")));
  if (json.has("inject")) config.inject = bits(readFormats(json.array("inject")));
  config.trusted = json.choice("inbound", INBOUND, 0) == 0;
  config.strip = json.boolean("strip", false);
  readSampling(json.object("sampling"), config);
  readTracestate(json.object("tracestate"), config);
  config.baggage = readBaggage(json.object("baggage"));
  config.serverTiming = json.object("response").boolean("serverTiming", false);
  config.traceIdHeader = readHeader(json, "traceIdHeader");
  const exporting = json.object("export");
  if (exporting.present) config.exporting = readExport(exporting);
  return config;
}

function readFormats(array: JsonArray): Format[] {
  const formats: Format[] = [];
  for (let i = 0; i < array.length; i++) {
    const format = array.choice(i, FORMATS);
    if (format < 0) continue;
    if (formats.includes(format)) array.problem(i, "is in the list already");
    formats.push(format);
  }
  return formats;
}

function bits(formats: Format[]): u32 {
  let bits: u32 = 0;
  for (let i = 0; i < formats.length; i++) bits |= 1 << formats[i];
  return bits;
}

function readSampling(json: JsonObject, config: TracingConfig): void {
  config.share = json.percentage("percentage", WHOLE);
  config.parentBased = json.boolean("parentBased", true);
  config.forceHeader = readHeader(json, "forceHeader");
  const rules = json.array("rules");
  for (let i = 0; i < rules.length; i++) {
    const rule = rules.object(i);
    if (!rule.present) continue;
    const when = rule.array("when");
    if (!rule.has("when") || when.length == 0) rule.problem("when", "must hold at least one condition");
    if (!rule.has("percentage")) rule.problem("percentage", "is missing");
    config.rules.push(new SamplingRule(readConditions(when), rule.percentage("percentage", WHOLE)));
  }
  const conditions: Conditions[] = [];
  for (let i = 0; i < config.rules.length; i++) conditions.push(config.rules[i].when);
  config.index = new ConditionIndex(conditions);
}

function readTracestate(json: JsonObject, config: TracingConfig): void {
  if (!json.present) return;
  const key = json.bytes("key");
  if (!isKey(key.ptr, key.length)) json.problem("key", "must be a tracestate key: a-z or a digit, then up to 255 of a-z 0-9 _ - * / @");
  const value = json.bytes("value");
  if (json.has("value") && !isValue(value.ptr, value.length)) json.problem("value", "must be 1 to 256 visible characters without , and =");
  config.stateKey = key;
  config.stateValue = value;
}

function readBaggage(json: JsonObject): BaggagePolicy | null {
  if (!json.present) return null;
  const policy = new BaggagePolicy();
  policy.maxMembers = <i32>json.integer("maxMembers", 64, 0, 1024);
  policy.maxBytes = <i32>json.integer("maxBytes", 8192, 0, 65536);
  if (json.has("allow")) {
    const array = json.array("allow");
    const allow: Bytes[] = [];
    for (let i = 0; i < array.length; i++) allow.push(array.bytes(i));
    policy.allow = allow;
  }
  return policy;
}

function readHeader(json: JsonObject, key: string): HeaderName | null {
  if (!json.has(key)) return null;
  const text = json.string(key);
  const name = new HeaderName(text);
  if (name.valid && !text.startsWith(":")) return name;
  json.problem(key, 'must be a header name, got "' + text + '"');
  return null;
}
