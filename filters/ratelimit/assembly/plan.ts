import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Window } from "./core/window";

export enum Mode {
  /** Refuses. */
  Enforce = 0,
  /** Counts what it would refuse, and tells clients nothing. */
  Shadow = 1,
  Off = 2,
}

/** What holds for a request: the limit's own rates, or those of an override or of its route. */
export class Plan {
  constructor(
    readonly windows: Window[],
    readonly mode: Mode,
    /** Joined to the key, so that a route with numbers of its own has buckets of its own; null: the key alone says the bucket. */
    readonly bucket: Bytes | null = null,
  ) {}
}

/** A tuple of key values, and what holds for it. */
export class Override {
  constructor(
    readonly key: Bytes,
    readonly plan: Plan,
  ) {}
}

/** Overrides by the encoded key: an open table, at most half full. Its keys are the configuration's, so no stranger fills it. */
export class Overrides {
  private readonly places: StaticArray<Override | null>;

  constructor(list: Override[]) {
    let size = 2;
    while (size < list.length * 2) size <<= 1;
    this.places = new StaticArray<Override | null>(list.length == 0 ? 0 : size);
    for (let i = 0; i < list.length; i++) this.places[this.placeOf(list[i].key)] = list[i];
  }

  find(key: Bytes): Plan | null {
    if (this.places.length == 0) return null;
    const found = this.places[this.placeOf(key)];
    return found === null ? null : found.plan;
  }

  /** Where the key is, or belongs. */
  private placeOf(key: Bytes): i32 {
    const mask = this.places.length - 1;
    let at = (<i32>key.hash()) & mask;
    for (let there = this.places[at]; there !== null && !there.key.equals(key); there = this.places[at]) at = (at + 1) & mask;
    return at;
  }
}
