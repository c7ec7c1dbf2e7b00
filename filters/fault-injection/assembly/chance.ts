import { ArenaBuffer, Bytes, HeaderName, SipHash } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Random, Value } from "../../../policy";
import { pushRequestId } from "./core/request-id";

const REQUEST_ID: HeaderName = new HeaderName("x-request-id");

/** What a fault's fate for a request comes from, in front of what is hashed: no key is an id. */
enum Source {
  RequestId = 0,
  Key = 1,
}

export enum Fate {
  Known = 0,
  /** The request lacks a part of the key. */
  None = 1,
  /** There is a seed, and no request id that it could be for. */
  Unknown = 2,
}

/** Says what becomes of a request: by the seed and what the request is, or by chance. */
export class Chance {
  /** The number that all rolls for the request are drawn from, after `decide` said that it is known. */
  fate: u64 = 0;
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /**
   * @param hasher of the seed, or of an empty one
   * @param seeded no chance
   */
  constructor(
    private hasher: SipHash,
    private seeded: bool,
    private random: Random,
  ) {}

  /** @param name of the fault @param key empty: the request's id decides where there is a seed, else chance */
  decide(name: Bytes, key: Value[], from: Attributes): Fate {
    if (key.length == 0 && !this.seeded) {
      this.fate = this.random.next();
      return Fate.Known;
    }
    const text = this.text;
    text.clear();
    text.pushSized(name);
    if (key.length > 0) {
      text.pushByte(<u8>Source.Key);
      if (!pushKey(key, from, text)) return Fate.None;
    } else {
      const id = from.headers.unique(REQUEST_ID);
      if (id === null || id.length == 0) return Fate.Unknown;
      text.pushByte(<u8>Source.RequestId);
      pushRequestId(id, text);
    }
    if (!text.ok) return Fate.Unknown;
    this.fate = this.hasher.hash(text.bytes());
    return Fate.Known;
  }
}

/** Appends a key's values, each with its length; false when one is absent or repeated. */
export function pushKey(key: Value[], from: Attributes, into: ArenaBuffer): bool {
  for (let i = 0; i < key.length; i++) {
    const value = key[i].unique(from);
    if (value === null) return false;
    into.pushSized(value);
  }
  return true;
}
