import { ArenaBuffer, Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Encoding, LONGEST } from "../core/encoding";
import { pushQuoted } from "../core/json-text";
import { Otlp } from "../core/otlp";
import { Zipkin } from "../core/zipkin";
import { ExportConfig, SpanFormat } from "./config";

const INSTANCE: Bytes = Bytes.of("service.instance.id");
const SERVICE: Bytes = Bytes.of("service.name");

/** What writes the spans of a configuration, with all that is the same in each. @param instance the node; empty: unknown */
export function encodingOf(config: ExportConfig, service: Bytes, instance: Bytes): Encoding {
  return config.format == SpanFormat.Zipkin ? zipkin(config, service, instance) : otlp(config, service, instance);
}

function zipkin(config: ExportConfig, service: Bytes, instance: Bytes): Encoding {
  const local = new ArenaBuffer();
  push(local, ',"localEndpoint":{"serviceName":');
  pushQuoted(local, service, LONGEST);
  push(local, '},"tags":{');
  const tags = new ArenaBuffer();
  if (instance.length > 0) tag(tags, INSTANCE, instance);
  for (let i = 0; i < config.keys.length; i++) tag(tags, config.keys[i], config.values[i]);
  return new Zipkin(local.bytes().copy(), tags.bytes().copy());
}

function otlp(config: ExportConfig, service: Bytes, instance: Bytes): Encoding {
  const prefix = new ArenaBuffer();
  push(prefix, '{"resourceSpans":[{"resource":{"attributes":[');
  attribute(prefix, SERVICE, service, false);
  if (instance.length > 0) attribute(prefix, INSTANCE, instance, true);
  for (let i = 0; i < config.keys.length; i++) attribute(prefix, config.keys[i], config.values[i], true);
  push(prefix, ']},"scopeSpans":[{"scope":{"name":"meshscript.tracing"},"spans":[');
  return new Otlp(prefix.bytes().copy());
}

function tag(into: ArenaBuffer, key: Bytes, value: Bytes): void {
  if (into.length > 0) into.pushByte(0x2c);
  pushQuoted(into, key, LONGEST);
  into.pushByte(0x3a);
  pushQuoted(into, value, LONGEST);
}

function attribute(into: ArenaBuffer, key: Bytes, value: Bytes, more: bool): void {
  if (more) into.pushByte(0x2c);
  push(into, '{"key":');
  pushQuoted(into, key, LONGEST);
  push(into, ',"value":{"stringValue":');
  pushQuoted(into, value, LONGEST);
  push(into, "}}");
}

function push(into: ArenaBuffer, text: string): void {
  into.pushBytes(Bytes.of(text));
}
