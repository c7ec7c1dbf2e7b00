import { Bytes, SharedSlots } from "proxy-wasm-assemblyscript-sdk";
import { Conditions } from "../../../policy";
import { Permits } from "./core/permits";
import { Cost } from "./cost";
import { LimitCounters } from "./counters";
import { KeyPart } from "./key";
import { Overrides, Plan } from "./plan";
import { PerRoute } from "./route";

/** One of `limits`, ready for requests. */
export class Limit {
  constructor(
    readonly name: Bytes,
    readonly when: Conditions,
    readonly key: KeyPart[],
    /** Null: only routes that bring numbers of their own are limited. */
    readonly plan: Plan | null,
    readonly overrides: Overrides,
    /** Null: routes have no say. */
    readonly perRoute: PerRoute | null,
    readonly cost: Cost,
    /** Which share of what is refused really is, of 1,000,000,000. */
    readonly enforced: u32,
    /** What cannot be counted (the table is full, the slot is fought for) passes. */
    readonly opens: bool,
    /** Permits that a worker buys at once. */
    readonly batch: u32,
    /** Rates of its plans, at most. */
    readonly widest: i32,
  ) {}

  private _table: SharedSlots | null = null;
  private _counters: LimitCounters | null = null;
  readonly permits: Permits | null = this.batch > 1 ? new Permits() : null;

  /** Gives it what needs the host: its buckets and its counters. */
  open(table: SharedSlots, counters: LimitCounters): void {
    this._table = table;
    this._counters = counters;
  }

  get table(): SharedSlots {
    return this._table!;
  }

  get counters(): LimitCounters {
    return this._counters!;
  }
}
