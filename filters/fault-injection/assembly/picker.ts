import { ArenaBuffer, Bytes, HeaderName, wallNanoseconds } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Conditions, Value } from "../../../policy";
import { Chance, Fate, pushKey } from "./chance";
import { During } from "./core/during";
import { Counts } from "./counts";

const ATTEMPT_COUNT: HeaderName = new HeaderName("x-envoy-attempt-count");

/** What is counted, in front of the key. */
enum Counted {
  Requests = 0,
  Attempts = 1,
}

export enum Picked {
  No = 0,
  Yes = 1,
  /** It could not be told: no request id under a seed, no number of the attempt, no room for a count. */
  Undecided = 2,
}

/** Says which requests a fault is about. */
export class Picker {
  key: Value[] = [];
  /** 0: all. */
  every: u32 = 0;
  first: u32 = 0;
  /** 0: any. */
  attempt: u32 = 0;
  /** Empty: the header says it. */
  attemptKey: Value[] = [];
  during: During | null = null;
  /** Nanoseconds. */
  forgetAfter: u64 = 0;
  /** All that it picks meets the same: there is nothing to decide. */
  certain: bool = false;
  private counts: Counts | null = null;
  private readonly text: ArenaBuffer = new ArenaBuffer();

  /** @param conditional `when` has conditions */
  constructor(
    private name: Bytes,
    readonly when: Conditions,
    private conditional: bool,
  ) {}

  /** Whether to decide takes the request's headers. */
  readsHeaders(seeded: bool): bool {
    return this.conditional || this.key.length > 0 || this.attempt > 0 || (seeded && !this.certain);
  }

  get needsCounts(): bool {
    return this.every > 0 || this.first > 0 || this.attemptKey.length > 0;
  }

  open(counts: Counts): void {
    this.counts = counts;
  }

  /** When it says yes, `chance.fate` is the request's. */
  picks(from: Attributes, chance: Chance): Picked {
    if (!this.when.hold(from)) return Picked.No;
    const during = this.during;
    if (during !== null && !during.contains(wallNanoseconds())) return Picked.No;
    if (!this.certain || this.key.length > 0) {
      const fate = chance.decide(this.name, this.key, from);
      if (fate != Fate.Known) return fate == Fate.None ? Picked.No : Picked.Undecided;
    }
    if (this.attempt > 0) {
      const attempt = this.attemptOf(from);
      if (attempt != Picked.Yes) return attempt;
    }
    return this.every > 0 || this.first > 0 ? this.countIn(from) : Picked.Yes;
  }

  private attemptOf(from: Attributes): Picked {
    let number: u64 = 0;
    if (this.attemptKey.length == 0) {
      const header = from.headers.unique(ATTEMPT_COUNT);
      if (header !== null) number = header.toU64();
    } else {
      if (!this.begin(Counted.Attempts, this.attemptKey, from)) return Picked.No;
      number = this.count();
    }
    if (number == 0) return Picked.Undecided;
    return number == this.attempt ? Picked.Yes : Picked.No;
  }

  private countIn(from: Attributes): Picked {
    if (!this.begin(Counted.Requests, this.key, from)) return Picked.No;
    const number = this.count();
    if (number == 0) return Picked.Undecided;
    const wanted = this.every > 0 ? number % this.every == 0 : number <= this.first;
    return wanted ? Picked.Yes : Picked.No;
  }

  /** Writes what is counted; false when the request lacks a part of it. */
  private begin(what: Counted, key: Value[], from: Attributes): bool {
    this.text.clear();
    this.text.pushSized(this.name);
    this.text.pushByte(<u8>what);
    return pushKey(key, from, this.text);
  }

  private count(): u32 {
    const counts = this.counts;
    return counts === null || !this.text.ok ? 0 : counts.next(this.text.bytes(), this.forgetAfter);
  }
}
