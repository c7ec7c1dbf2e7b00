import { Bytes, HeaderName, JsonObject } from "proxy-wasm-assemblyscript-sdk";

const MINUTE: i64 = 60_000_000_000;
const ORIGINAL = Bytes.of("x-original-");

/** Whom to ask, what to tell it, and what to do with its answer. */
export class CalloutConfig {
  cluster: Bytes = Bytes.of("");
  path: Bytes = Bytes.of("/");
  authority: Bytes = Bytes.of("");
  timeoutMilliseconds: u32 = 0;
  failOpen: bool = false;
  /** Of the request, for the service. */
  requestHeaders: HeaderName[] = [];
  /** Of a 200, for the upstream. */
  upstreamHeaders: HeaderName[] = [];
  /** Of a 4xx, for the client. */
  clientHeaders: HeaderName[] = [];

  read(json: JsonObject): void {
    this.cluster = json.bytes("cluster");
    if (this.cluster.length == 0) json.problem("cluster", "must name one of Envoy's clusters");
    this.path = json.bytes("path", this.path);
    if (this.path.at(0) != 0x2f || !isVisible(this.path)) json.problem("path", "must begin with / and have no blanks");
    this.authority = json.bytes("authority", this.cluster);
    if (this.cluster.length > 0 && !isVisible(this.authority)) json.problem("authority", "must be a host, with or without a port");
    this.timeoutMilliseconds = <u32>(json.duration("timeout", 200_000_000, 1_000_000, MINUTE) / 1_000_000);
    this.failOpen = json.boolean("failOpen", false);
    this.requestHeaders = readNames(json, "requestHeaders");
    this.upstreamHeaders = readNames(json, "upstreamHeaders");
    this.clientHeaders = readNames(json, "clientHeaders");
  }
}

function readNames(json: JsonObject, key: string): HeaderName[] {
  const list = json.array(key);
  const names: HeaderName[] = [];
  for (let i = 0; i < list.length; i++) {
    const text = list.string(i);
    const name = new HeaderName(text);
    // Neither `:path` and its like nor what frames the message: the SDK would refuse the whole message for it.
    if (name.kind != 0) list.problem(i, 'must be the name of an ordinary header, got "' + text + '"');
    // The service must not find a client's word beside ours.
    else if (name.bytes.startsWith(ORIGINAL)) list.problem(i, "is what this filter tells the service itself");
    names.push(name);
  }
  return names;
}

function isVisible(text: Bytes): bool {
  for (let i = 0; i < text.length; i++) {
    if (text.at(i) <= 0x20 || text.at(i) >= 0x7f) return false;
  }
  return text.length > 0;
}
