import { Bytes, JsonArray, JsonKind, JsonObject } from "proxy-wasm-assemblyscript-sdk";

class ApiKey {
  constructor(
    readonly key: Bytes,
    readonly client: Bytes,
  ) {}
}

/** Who has which key. A key is in no message: what is wrong with one is said by its place in the list. */
export class ApiKeys {
  private list: ApiKey[] = [];

  read(config: JsonObject): void {
    const list = config.array("keys");
    if (list.length == 0) config.problem("keys", "must hold at least one key: nobody could pass");
    for (let i = 0; i < list.length; i++) this.readOne(list, i);
  }

  private readOne(list: JsonArray, index: i32): void {
    const entry = list.object(index);
    const client = entry.bytes("client");
    if (!isVisible(client)) entry.problem("client", "must be visible ASCII characters, at least one");
    // Asked first, for `bytes` would show what it got: a number may well be somebody's key.
    const key = entry.kind("key") == JsonKind.String ? entry.bytes("key") : Bytes.of("");
    if (!isVisible(key)) entry.problem("key", "must be a string of visible ASCII characters, at least one");
    else if (this.clientOf(key) !== null) entry.problem("key", "is in the list twice");
    this.list.push(new ApiKey(key, client));
  }

  /** Whose key this is; null: nobody's. Compares with all keys to their ends, so that the time it takes tells nothing of a near miss. */
  clientOf(key: Bytes): Bytes | null {
    let client: Bytes | null = null;
    for (let i = 0; i < this.list.length; i++) {
      if (isSame(this.list[i].key, key)) client = this.list[i].client;
    }
    return client;
  }
}

function isSame(known: Bytes, key: Bytes): bool {
  let difference = known.length ^ key.length;
  for (let i = 0; i < known.length; i++) difference |= known.at(i) ^ key.at(i); // -1 behind the end
  return difference == 0;
}

/** Fit for a header without blanks, which HTTP takes away at both ends of a value. */
function isVisible(text: Bytes): bool {
  for (let i = 0; i < text.length; i++) {
    if (text.at(i) <= 0x20 || text.at(i) >= 0x7f) return false;
  }
  return text.length > 0;
}
