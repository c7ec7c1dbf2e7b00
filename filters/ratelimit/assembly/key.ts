import { ArenaBuffer, Bytes, EMPTY } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Value } from "../../../policy";

/** What a request without a part of the key means. */
export enum OnMissing {
  /** The limit does not apply. */
  Skip = 0,
  /** All requests without it share a bucket. */
  Empty = 1,
  /** It is refused. */
  Deny = 2,
}

export class KeyPart {
  constructor(
    readonly value: Value,
    readonly onMissing: OnMissing,
  ) {}
}

export enum KeyOutcome {
  Complete = 0,
  Skipped = 1,
  Denied = 2,
}

/**
 * Writes the key of a request: each part's length and bytes, so that no two tuples are written alike. A part that is absent or
 * repeated is missing: who may choose among several values could choose a fresh bucket each time.
 */
export function writeKey(parts: KeyPart[], from: Attributes, into: ArenaBuffer): KeyOutcome {
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i];
    const value = part.value.unique(from);
    if (value !== null) into.pushSized(value);
    else if (part.onMissing == OnMissing.Skip) return KeyOutcome.Skipped;
    else if (part.onMissing == OnMissing.Deny) return KeyOutcome.Denied;
    else into.pushSized(EMPTY);
  }
  return KeyOutcome.Complete;
}
