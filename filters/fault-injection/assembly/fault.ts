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

/** As Envoy's own filter says it, with the fault's name behind. */
const DETAILS: string = "fault_filter_abort{";

/** One of `faults`, or what `headerControl` allows, ready for requests. */
export class Fault {
  /** Response code details of an abort. */
  readonly details: Bytes = Bytes.of(DETAILS + this.name.toString() + "}");
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
