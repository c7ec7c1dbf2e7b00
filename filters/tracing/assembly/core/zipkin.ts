import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Encoding, LONGEST, pushIds, pushName } from "./encoding";
import { Endpoint } from "./endpoint";
import { pushQuoted } from "./json-text";
import { Span } from "./span";

const ID: Bytes = Bytes.of('","id":"');
const PARENT: Bytes = Bytes.of('","parentId":"');
const SERVER: Bytes = Bytes.of('","kind":"SERVER","name":');
const CLIENT: Bytes = Bytes.of('","kind":"CLIENT","name":');
const TIMESTAMP: Bytes = Bytes.of(',"timestamp":');
const DURATION: Bytes = Bytes.of(',"duration":');
const DEBUG: Bytes = Bytes.of(',"debug":true');
const V4: Bytes = Bytes.of(',"remoteEndpoint":{"ipv4":');
const V6: Bytes = Bytes.of(',"remoteEndpoint":{"ipv6":');
const PORT: Bytes = Bytes.of(',"port":');
const ERROR: Bytes = Bytes.of("error");
const END: Bytes = Bytes.of("}}");
const NANOSECONDS: u64 = 1000;

/** Zipkin's JSON v2. https://zipkin.io/zipkin-api/#/default/post_spans */
export class Zipkin extends Encoding {
  private first: bool = false;

  /**
   * @param local `,"localEndpoint":{...},"tags":{`, the same for all spans
   * @param tags of all spans: `"key":"value",...`
   */
  constructor(
    private readonly local: Bytes,
    private readonly tags: Bytes,
  ) {
    super(Bytes.of("["), Bytes.of("]"));
  }

  begin(span: Span, name: Bytes, route: Bytes, peer: Endpoint): void {
    const into = this.restart();
    pushIds(into, span, ID, PARENT);
    into.pushBytes(span.client ? CLIENT : SERVER);
    pushName(into, name, route);
    // In microseconds, and a duration of 0 would be none.
    into.pushBytes(TIMESTAMP);
    into.pushDecimal(span.start / NANOSECONDS);
    into.pushBytes(DURATION);
    into.pushDecimal(max(1, span.duration / NANOSECONDS));
    if (span.debug) into.pushBytes(DEBUG);
    const v4 = peer.isV4;
    if (v4 || peer.isV6) {
      into.pushBytes(v4 ? V4 : V6);
      pushQuoted(into, peer.host, LONGEST);
      if (peer.port != 0) {
        into.pushBytes(PORT);
        into.pushDecimal(peer.port);
      }
      into.pushByte(0x7d);
    }
    into.pushBytes(this.local);
    into.pushBytes(this.tags);
    this.first = this.tags.length == 0;
  }

  text(key: Bytes, value: Bytes, most: i32): void {
    this.key(key);
    pushQuoted(this.into, value, most);
  }

  number(key: Bytes, value: u64): void {
    this.key(key);
    this.into.pushByte(0x22);
    this.into.pushDecimal(value);
    this.into.pushByte(0x22);
  }

  end(error: Bytes): void {
    if (error.length > 0) this.text(ERROR, error, LONGEST);
    this.into.pushBytes(END);
  }

  private key(key: Bytes): void {
    const into = this.into;
    if (!this.first) into.pushByte(0x2c);
    this.first = false;
    into.pushByte(0x22);
    into.pushBytes(key);
    into.pushByte(0x22);
    into.pushByte(0x3a);
  }
}
