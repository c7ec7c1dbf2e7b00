import { BaseContext, Headers, monotonicNanoseconds, RootContext } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../../policy";
import { Recorders } from "../recorders";
import { Connection } from "./connection";
import { ConnectionMeasures } from "./measures";

/** Reports in one tick: all requests of the worker wait for it. */
const MOST: i32 = 64;
const MILLISECOND: u64 = 1_000_000;

/** The connections of a worker in the order in which their reports are due: each waits equally long, so whoever was reported goes to the end. */
export class Reports {
  readonly measures: ConnectionMeasures = new ConnectionMeasures();
  private readonly attributes: Attributes = new Attributes();
  /** A connection has none. */
  private readonly headers: Headers = new Headers();
  private first: Connection | null = null;
  private last: Connection | null = null;
  private ticking: bool = false;

  /** @param interval nanoseconds */
  constructor(
    private root: RootContext,
    readonly recorders: Recorders,
    private interval: u64,
  ) {}

  add(connection: Connection): void {
    const now = monotonicNanoseconds();
    this.append(connection, now);
    if (!this.ticking) this.wait(now);
  }

  /** Also of one that is not there. */
  remove(connection: Connection): void {
    const before = connection.before;
    const after = connection.after;
    if (before !== null) before.after = after;
    else if (this.first === connection) this.first = after;
    if (after !== null) after.before = before;
    else if (this.last === connection) this.last = before;
    connection.before = null;
    connection.after = null;
  }

  attributesOf(connection: BaseContext): Attributes {
    return this.attributes.of(this.headers, connection);
  }

  tick(): void {
    const now = monotonicNanoseconds();
    for (let i = 0; i < MOST; i++) {
      const next = this.first;
      if (next === null || next.due > now) break;
      next.report(false);
      this.remove(next);
      this.append(next, now);
    }
    this.wait(now);
  }

  private append(connection: Connection, now: u64): void {
    connection.due = now + this.interval;
    const last = this.last;
    connection.before = last;
    if (last === null) this.first = connection;
    else last.after = connection;
    this.last = connection;
  }

  /** For the first one's turn; without connections there are no ticks. */
  private wait(now: u64): void {
    const next = this.first;
    this.ticking = next !== null;
    if (next === null) this.root.setTickPeriod(0);
    else this.root.setTickPeriod(next.due <= now ? 1 : <u32>((next.due - now) / MILLISECOND) + 1);
  }
}
