import { Bytes, HeaderName, Headers, JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";

class Header {
  constructor(
    readonly name: HeaderName,
    readonly value: Bytes,
  ) {}
}

/** What to do with the headers of a message. */
export class Edits {
  private remove: HeaderName[] = [];
  private set: Header[] = [];
  private add: Header[] = [];

  /** What is wrong with it is noted in the configuration. */
  read(json: JsonObject): Edits {
    const remove = json.array("remove");
    for (let i = 0; i < remove.length; i++) this.remove.push(readName(remove, i, remove.string(i)));
    this.set = readHeaders(json.array("set"));
    this.add = readHeaders(json.array("add"));
    return this;
  }

  get some(): bool {
    return this.remove.length + this.set.length + this.add.length > 0;
  }

  /** Removals first: what is set or added under the same name stays. */
  apply(headers: Headers): void {
    for (let i = 0; i < this.remove.length; i++) headers.remove(this.remove[i]);
    for (let i = 0; i < this.set.length; i++) headers.replace(this.set[i].name, this.set[i].value);
    for (let i = 0; i < this.add.length; i++) headers.add(this.add[i].name, this.add[i].value);
  }
}

function readHeaders(list: JsonArray): Header[] {
  const headers: Header[] = [];
  for (let i = 0; i < list.length; i++) {
    const entry = list.object(i);
    if (!entry.present) continue;
    if (!entry.has("value")) entry.problem("value", 'is missing; for an empty header write ""');
    const name = readName(list, i, entry.string("name"));
    const value = entry.bytes("value");
    if (!isFieldValue(value)) entry.problem("value", "must be without line breaks and control characters");
    headers.push(new Header(name, value));
  }
  return headers;
}

/** Refused here, once, what the SDK would refuse at each request: without it Envoy could not route a message or find its end. */
function readName(list: JsonArray, index: i32, text: string): HeaderName {
  const name = new HeaderName(text);
  if (!name.valid) list.problem(index, '"' + text + '" is no name of a header');
  else if (name.kind != 0) list.problem(index, '"' + text + '" belongs to Envoy: it routes and frames messages by it');
  return name;
}

/** RFC 9110, 5.5. A line break would begin a header of its own. */
function isFieldValue(value: Bytes): bool {
  for (let i = 0; i < value.length; i++) {
    const c = value.at(i);
    if ((c < 0x20 && c != 0x09) || c == 0x7f) return false;
  }
  return true;
}
