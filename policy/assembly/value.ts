import { Bytes, HeaderName, Headers, JsonObject } from "proxy-wasm-assemblyscript-sdk";

/** Where a value comes from. The design has more words; the filter that first needs one brings it in. */
export enum ValueKind {
  Header = 0,
  UrlPath = 1,
  Query = 2,
  Constant = 3,
}

/** A value of a request. A header may have several: `count` and `at` give them all. */
export class Value {
  constructor(
    readonly kind: ValueKind,
    readonly name: HeaderName,
    readonly constant: Bytes | null = null,
  ) {}

  /** How many values the request has here; 0 when absent. */
  count(headers: Headers): i32 {
    if (this.kind == ValueKind.Constant) return 1;
    if (this.kind == ValueKind.Query) {
      const path = headers.get(this.name);
      return path !== null && path.indexOf(QUESTION) >= 0 ? 1 : 0;
    }
    return headers.count(this.name);
  }

  /** Value `index`, borrowed; null when there is none. */
  at(headers: Headers, index: i32): Bytes | null {
    if (this.kind == ValueKind.Constant) return this.constant;
    const value = headers.get(this.name, index);
    if (value === null || this.kind == ValueKind.Header) return value;
    const question = value.indexOf(QUESTION);
    if (this.kind == ValueKind.UrlPath) return question < 0 ? value : value.slice(0, question);
    return question < 0 ? null : value.slice(question + 1);
  }
}

const QUESTION: u8 = 0x3f;
const NAMES: string[] = ["header", "attribute", "constant"];

/** Reads the one value that an object names, or notes a problem and answers null. */
export function readValue(object: JsonObject): Value | null {
  let found = "";
  for (let i = 0; i < NAMES.length; i++) {
    if (!object.has(NAMES[i])) continue;
    if (found.length) {
      object.problem(NAMES[i], "a condition has one value: " + found + " or " + NAMES[i] + ", not both");
      return null;
    }
    found = NAMES[i];
  }
  if (found == "constant") return new Value(ValueKind.Constant, HeaderName.PATH, object.bytes("constant"));
  if (found == "header") return header(object, "header", object.string("header"));
  if (found == "attribute") return attribute(object, object.string("attribute"));
  object.problem("", "needs one of: " + NAMES.join(", "));
  return null;
}

function header(object: JsonObject, key: string, name: string): Value | null {
  const made = new HeaderName(name);
  if (made.valid) return new Value(ValueKind.Header, made);
  object.problem(key, 'must be a header name, got "' + name + '"');
  return null;
}

/** Envoy's and Istio's names for what the request's headers hold. */
function attribute(object: JsonObject, name: string): Value | null {
  if (name == "request.method") return new Value(ValueKind.Header, HeaderName.METHOD);
  if (name == "request.host") return new Value(ValueKind.Header, HeaderName.AUTHORITY);
  if (name == "request.scheme") return new Value(ValueKind.Header, HeaderName.SCHEME);
  if (name == "request.path") return new Value(ValueKind.Header, HeaderName.PATH);
  if (name == "request.url_path") return new Value(ValueKind.UrlPath, HeaderName.PATH);
  if (name == "request.query") return new Value(ValueKind.Query, HeaderName.PATH);
  if (name.startsWith("request.headers[") && name.endsWith("]")) return header(object, "attribute", name.substring(16, name.length - 1));
  object.problem(
    "attribute",
    'must be request.method, request.host, request.scheme, request.path, request.url_path, request.query or request.headers[name], got "' +
      name +
      '"',
  );
  return null;
}
