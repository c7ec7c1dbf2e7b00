import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { FaultCounters } from "./counters";
import { Abort, Delay, ResponseChange } from "./effects";
import { Picker } from "./picker";

export enum Mode {
  Enforce = 0,
  /** Decides, notes and counts, and does nothing. */
  Shadow = 1,
  Off = 2,
}

/** One of `faults`, or what `headerControl` allows, ready for requests. */
export class Fault {
  private _counters: FaultCounters | null = null;

  constructor(
    readonly name: Bytes,
    readonly picker: Picker,
    readonly delay: Delay | null,
    readonly abort: Abort | null,
    readonly response: ResponseChange | null,
    readonly mode: Mode,
  ) {}

  /** Gives it what needs the host. */
  open(counters: FaultCounters): void {
    this._counters = counters;
  }

  get counters(): FaultCounters {
    return this._counters!;
  }
}
