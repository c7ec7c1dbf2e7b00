import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Encoding, pushIds, pushName } from "./encoding";
import { Endpoint } from "./endpoint";
import { pushQuoted } from "./json-text";
import { Span } from "./span";

const ID: Bytes = Bytes.of('","spanId":"');
const PARENT: Bytes = Bytes.of('","parentSpanId":"');
const SERVER: Bytes = Bytes.of('","kind":2,"name":');
const CLIENT: Bytes = Bytes.of('","kind":3,"name":');
const START: Bytes = Bytes.of(',"startTimeUnixNano":"');
const STOP: Bytes = Bytes.of('","endTimeUnixNano":"');
const ATTRIBUTES: Bytes = Bytes.of('","attributes":[');
const KEY: Bytes = Bytes.of('{"key":"');
const TEXT: Bytes = Bytes.of('","value":{"stringValue":');
const NUMBER: Bytes = Bytes.of('","value":{"intValue":"');
const TEXT_END: Bytes = Bytes.of("}}");
const NUMBER_END: Bytes = Bytes.of('"}}');
const END: Bytes = Bytes.of("]}");
const ERROR_END: Bytes = Bytes.of('],"status":{"code":2}}');

/** OTLP's JSON: ids in hexadecimal, numbers of 64 bits as text. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
export class Otlp extends Encoding {
  private first: bool = true;

  /** @param prefix up to the list of spans: the resource, the scope */
  constructor(prefix: Bytes) {
    super(prefix, Bytes.of("]}]}]}"));
  }

  begin(span: Span, name: Bytes, route: Bytes, peer: Endpoint): void {
    const into = this.restart();
    pushIds(into, span, ID, PARENT);
    into.pushBytes(span.client ? CLIENT : SERVER);
    pushName(into, name, route);
    into.pushBytes(START);
    into.pushDecimal(span.start);
    into.pushBytes(STOP);
    into.pushDecimal(span.start + span.duration);
    into.pushBytes(ATTRIBUTES);
    this.first = true;
  }

  text(key: Bytes, value: Bytes, most: i32): void {
    this.key(key);
    this.into.pushBytes(TEXT);
    pushQuoted(this.into, value, most);
    this.into.pushBytes(TEXT_END);
  }

  number(key: Bytes, value: u64): void {
    this.key(key);
    this.into.pushBytes(NUMBER);
    this.into.pushDecimal(value);
    this.into.pushBytes(NUMBER_END);
  }

  end(error: Bytes): void {
    this.into.pushBytes(error.length > 0 ? ERROR_END : END);
  }

  private key(key: Bytes): void {
    if (!this.first) this.into.pushByte(0x2c);
    this.first = false;
    this.into.pushBytes(KEY);
    this.into.pushBytes(key);
  }
}
