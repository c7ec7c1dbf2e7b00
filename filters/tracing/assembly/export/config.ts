import { Bytes, HeaderList, HeaderName, isFieldValue, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { hostOfCluster, LocalReply, readSecret } from "../../../../policy";

export enum SpanFormat {
  Zipkin = 0,
  Otlp = 1,
}

/** Which side of a call the proxy stands at. */
export enum SpanKind {
  /** As the listener's `traffic_direction` says; without one it is the server's. */
  ByDirection = -1,
  Server = 0,
  Client = 1,
}

const FORMATS: string[] = ["zipkin", "otlp"];
const PATHS: Bytes[] = [Bytes.of("/api/v2/spans"), Bytes.of("/v1/traces")];
const KINDS: string[] = ["server", "client"];
const POST: Bytes = Bytes.of("POST");
const JSON: Bytes = Bytes.of("application/json");
/** Of all spans, anyway. */
const OWN_ATTRIBUTES: string[] = ["service.name", "service.instance.id"];
const MOST_HEADERS: i32 = 16;
const MOST_ATTRIBUTES: i32 = 16;
const LONGEST_TEXT: i32 = 256;
const LONGEST_KEY: i32 = 64;
const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLISECOND;

/** Where spans go, and how many may wait. */
export class ExportConfig {
  format: SpanFormat = SpanFormat.Zipkin;
  cluster: Bytes = Bytes.of("");
  /** All of a batch's headers, checked. */
  readonly headers: HeaderList = new HeaderList();
  /** Empty: as the node is called. */
  service: Bytes = Bytes.of("");
  readonly keys: Bytes[] = [];
  readonly values: Bytes[] = [];
  kind: SpanKind = SpanKind.ByDirection;
  /** Milliseconds. */
  interval: u32 = 1000;
  batch: i32 = 100;
  maxQueue: i32 = 1000;
  maxQueueBytes: i32 = 524_288;
  /** Milliseconds. */
  timeout: u32 = 2000;
}

/** Reads `export`; what is wrong with it is noted in the document. */
export function readExport(json: JsonObject): ExportConfig {
  const config = new ExportConfig();
  const format = json.choice("format", FORMATS, -1);
  if (!json.has("format")) json.problem("", "format is missing");
  config.format = max(format, 0);
  config.cluster = json.bytes("cluster");
  const named = isVisible(config.cluster);
  if (!json.has("cluster")) json.problem("", "cluster is missing");
  else if (!named) json.problem("cluster", "must name one of Envoy's clusters, without blanks");
  const path = json.bytes("path", PATHS[config.format]);
  const absolute = path.at(0) == 0x2f && isVisible(path);
  if (!absolute) json.problem("path", "must begin with / and have no blanks");
  const authority = json.bytes("authority", hostOfCluster(config.cluster));
  const visible = isVisible(authority);
  if (!visible && json.has("authority")) json.problem("authority", "must be a host, with or without a port");
  // A list says by itself what it does not take, in a line of its own: it is given only what it takes.
  if (named && absolute && visible) {
    config.headers.add(HeaderName.METHOD, POST).add(HeaderName.PATH, path).add(HeaderName.AUTHORITY, authority);
    config.headers.add(HeaderName.CONTENT_TYPE, JSON);
  }
  readHeaders(json.object("headers"), config.headers);
  config.service = readText(json, "service");
  readAttributes(json.object("attributes"), config);
  config.kind = json.choice("kind", KINDS, SpanKind.ByDirection);
  config.interval = <u32>(json.duration("interval", SECOND, 10 * MILLISECOND, 3600 * SECOND) / MILLISECOND);
  config.maxQueue = <i32>json.integer("maxQueue", config.maxQueue, 1, 100_000);
  config.batch = min(<i32>json.integer("batch", config.batch, 1, 10_000), config.maxQueue);
  config.maxQueueBytes = <i32>json.integer("maxQueueBytes", config.maxQueueBytes, 65_536, 16_777_216);
  config.timeout = <u32>(json.duration("timeout", 2 * SECOND, 10 * MILLISECOND, 60 * SECOND) / MILLISECOND);
  return config;
}

function readHeaders(json: JsonObject, headers: HeaderList): void {
  if (json.size > MOST_HEADERS) json.problem("", "must be 16 at most");
  for (let i = 0; i < json.size; i++) {
    const key = json.keyAt(i);
    const name = new HeaderName(key);
    const value = json.kind(key) == JsonKind.Object ? readSecret(json.object(key)) : json.bytes(key);
    if (!LocalReply.mayAdd(name, [])) json.problem(key, "is no name of a header that may be added here");
    else if (!isFieldValue(value)) json.problem(key, "is no header value");
    else headers.add(name, value);
  }
}

function readAttributes(json: JsonObject, config: ExportConfig): void {
  if (json.size > MOST_ATTRIBUTES) json.problem("", "must be 16 at most");
  for (let i = 0; i < json.size; i++) {
    const key = json.keyAt(i);
    if (OWN_ATTRIBUTES.includes(key)) json.problem(key, "is there already");
    else if (!isAttribute(key)) json.problem(key, "must be called by 1 to 64 letters, digits and . _ / -");
    config.keys.push(Bytes.of(key));
    config.values.push(readText(json, key));
  }
}

function readText(json: JsonObject, key: string): Bytes {
  const text = json.bytes(key);
  let plain = text.length > 0 && text.length <= LONGEST_TEXT;
  for (let i = 0; i < text.length && plain; i++) plain = text.at(i) >= 0x20 && text.at(i) < 0x7f;
  if (json.has(key) && !plain) json.problem(key, "must be 1 to 256 characters of ASCII");
  return text;
}

function isAttribute(key: string): bool {
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i);
    const letter = <u32>((c | 0x20) - 0x61) < 26;
    if (!letter && <u32>(c - 0x2d) > 12 && c != 0x5f) return false; // - . / 0-9
  }
  return key.length > 0 && key.length <= LONGEST_KEY;
}

function isVisible(text: Bytes): bool {
  for (let i = 0; i < text.length; i++) {
    if (text.at(i) <= 0x20 || text.at(i) >= 0x7f) return false;
  }
  return text.length > 0;
}
