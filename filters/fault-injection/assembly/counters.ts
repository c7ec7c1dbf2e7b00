import { Bytes, Counter, CounterFamily, Gauge, GaugeFamily, lastStatus, Status } from "proxy-wasm-assemblyscript-sdk";

/** What a fault counts, named as by Envoy's own filter where that has it. Defined while configuring, so that each is in Envoy's stats from the start. */
export class FaultCounters {
  constructor(
    readonly delays: Counter,
    readonly aborts: Counter,
    readonly resets: Counter,
    readonly responses: Counter,
    readonly overflow: Counter,
    readonly shadow: Counter,
    readonly undecided: Counter,
    /** Under way now, in all workers. */
    readonly active: Gauge,
  ) {}
}

const METRICS: string[] = [
  "delays_injected",
  "aborts_injected",
  "resets_injected",
  "responses_changed",
  "faults_overflow",
  "shadow",
  "undecided",
];
const PREFIX: string = "meshscript_fault_injection_";

/** `wasm_filter.fault-injection.fault=.=NAME;.;...`: Envoy's `stats_tags` make labels of it, as of Istio's own. */
export class Families {
  private readonly counters: CounterFamily[] = [];
  private readonly active: GaugeFamily;

  /** @param faults how many there are */
  constructor(faults: i32) {
    this.active = new GaugeFamily("fault-injection", PREFIX + "active_faults", ["fault"], faults);
    for (let i = 0; i < METRICS.length; i++) {
      this.counters.push(new CounterFamily("fault-injection", PREFIX + METRICS[i] + "_total", ["fault"], faults));
    }
  }

  of(fault: Bytes): FaultCounters {
    const all = this.counters;
    return new FaultCounters(
      all[0].with1(fault),
      all[1].with1(fault),
      all[2].with1(fault),
      all[3].with1(fault),
      all[4].with1(fault),
      all[5].with1(fault),
      all[6].with1(fault),
      this.active.with1(fault),
    );
  }
}

/** How many faults are under way in this Envoy: a gauge, which all workers and plugins share, is also what bounds them. */
export class Active {
  private readonly gauge: Gauge = new Gauge(PREFIX + "active");

  constructor(private most: u32) {}

  /** False when the host has no metrics, and nothing would be bounded. */
  get ok(): bool {
    return this.gauge.status == Status.Ok;
  }

  /** One more; false when there are as many as there may be. Two workers at the bound may both be told so: it is never passed. */
  enter(): bool {
    if (this.gauge.add(1) != Status.Ok) return false;
    const now = this.gauge.get();
    if (lastStatus == Status.Ok && now <= <i64>this.most) return true;
    this.gauge.add(-1);
    return false;
  }

  leave(): void {
    this.gauge.add(-1);
  }
}
