import {
  Deadlines,
  Headers,
  HttpContext,
  JsonObject,
  MemoryGauges,
  monotonicNanoseconds,
  RootContext,
  SipHash,
  Status,
  Ticket,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes, hasherOf, Random, seeded } from "../../../policy";
import { Account } from "./account";
import { Chance } from "./chance";
import { FaultInjectionConfig, readConfig } from "./config";
import { Active, Families } from "./counters";
import { Counts } from "./counts";
import { Decision } from "./decision";
import { Injecting } from "./stream";

/**
 * How many requests one tick lets go. Envoy acts on them when the tick is over, the next within the callbacks of the one before: with 500 of them V8's
 * stack was full, and the VM lost (seen on 1.40).
 */
const MOST_AT_ONCE: i32 = 64;

export class FaultInjectionRoot extends RootContext {
  config: FaultInjectionConfig = new FaultInjectionConfig();
  /** Reused by every request. */
  readonly account: Account = new Account();
  private readonly attributes: Attributes = new Attributes();
  private readonly decision: Decision = new Decision();
  /** What the host has a part in is there once it is configured. */
  private chance: Chance = new Chance(new SipHash(0, 0), true, new Random(0, 0, 0, 0));
  private _active: Active | null = null;
  private gauges: MemoryGauges | null = null;
  /** Of requests that are held. */
  private readonly deadlines: Deadlines = new Deadlines();

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    const random = seeded();
    if (random === null) return this.lacks("random numbers", "random_get");
    this.chance = new Chance(hasherOf(this.config.seed), this.config.seed.length > 0, random);
    if (monotonicNanoseconds() == 0) return this.lacks("time", "clock_time_get");
    if (this.setTickPeriod(0) != Status.Ok) return this.lacks("timer", "proxy_set_tick_period_milliseconds");
    const active = new Active(this.config.maxActive);
    if (!active.ok) return this.lacks("metrics", "proxy_define_metric");
    this._active = active;
    const gauges = new MemoryGauges("meshscript_fault_injection");
    gauges.report();
    this.gauges = gauges;
    return this.openFaults();
  }

  createHttpContext(): HttpContext | null {
    return this.config.idle ? null : new Injecting(this);
  }

  get active(): Active {
    return this._active!;
  }

  /** What a request is to meet; good until the next one asks. */
  decide(headers: Headers, stream: HttpContext): Decision {
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
    this.decision.decide(this.config, this.chance, headers, this.attributes.of(headers, stream));
    return this.decision;
  }

  /** Wakes a stream when it is time. @param length nanoseconds @returns 0 when the host gives no time or no timer: nobody would wake it */
  hold(stream: HttpContext, length: u64): Ticket {
    const now = monotonicNanoseconds();
    if (now == 0) return 0;
    const time = now + length;
    const ticket = this.deadlines.add(stream.contextId, time);
    // The timer is set for the first of all; the others are behind it.
    if (this.deadlines.next() != time || this.setTickPeriod(this.deadlines.period(now)) == Status.Ok) return ticket;
    this.deadlines.remove(ticket);
    return 0;
  }

  /** For a stream that does not wait any more. The timer may come once in vain. */
  release(ticket: Ticket): void {
    this.deadlines.remove(ticket);
  }

  onTick(): void {
    const now = monotonicNanoseconds();
    for (let woken = 0; woken < MOST_AT_ONCE; woken++) {
      // Rather too early than never, should the clock fail.
      const id = this.deadlines.due(now == 0 ? u64.MAX_VALUE : now);
      if (id == 0) break;
      const stream = this.httpContext(id);
      if (stream instanceof Injecting) (<Injecting>stream).wake();
    }
    // Where there are more the next tick comes at once. A timer that cannot be set goes on as it was.
    this.setTickPeriod(now == 0 && this.deadlines.size > 0 ? 1 : this.deadlines.period(now));
  }

  private openFaults(): bool {
    const faults = this.config.faults;
    const control = this.config.headerControl;
    const families = new Families(faults.length + 1);
    let counts: Counts | null = null;
    for (let i = 0; i < faults.length; i++) {
      const fault = faults[i];
      fault.open(families.of(fault.name));
      if (!fault.picker.needsCounts) continue;
      if (counts === null) counts = Counts.open(this.config.keySlots);
      if (counts === null) return this.lacks("shared data", "proxy_get_shared_data and proxy_set_shared_data");
      fault.picker.open(counts);
    }
    if (control !== null) control.fault.open(families.of(control.fault.name));
    return true;
  }
}
