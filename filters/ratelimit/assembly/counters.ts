import { Bytes, Counter, CounterFamily } from "proxy-wasm-assemblyscript-sdk";
import { Outcome } from "./outcome";

/** What a limit counts. Defined while configuring, so that each is in Envoy's stats from the start. */
export class LimitCounters {
  constructor(
    readonly admitted: Counter,
    readonly refused: Counter,
    readonly shadowRefused: Counter,
    readonly refunded: Counter,
    readonly tableFull: Counter,
    readonly casRetries: Counter,
    readonly casExhausted: Counter,
    readonly hostFailed: Counter,
    readonly invalidMetadata: Counter,
  ) {}

  /** What could not be counted, and why; nothing for other outcomes. */
  failed(outcome: Outcome): void {
    if (outcome == Outcome.TableFull) this.tableFull.increment();
    else if (outcome == Outcome.CasExhausted) this.casExhausted.increment();
    else if (outcome == Outcome.HostFailed) this.hostFailed.increment();
  }
}

const METRICS: string[] = [
  "admitted",
  "refused",
  "shadow_refused",
  "refunded",
  "table_full",
  "cas_retries",
  "cas_exhausted",
  "host_failed",
  "invalid_metadata",
];

/** `wasm_filter.ratelimit.limit=.=NAME;.;...`: Envoy's `stats_tags` make labels of it, as of Istio's own. */
export class Families {
  private readonly families: CounterFamily[] = [];

  constructor(limits: i32) {
    for (let i = 0; i < METRICS.length; i++) {
      this.families.push(new CounterFamily("ratelimit", "meshscript_ratelimit_" + METRICS[i] + "_total", ["limit"], limits));
    }
  }

  of(limit: Bytes): LimitCounters {
    const all = this.families;
    return new LimitCounters(
      all[0].with1(limit),
      all[1].with1(limit),
      all[2].with1(limit),
      all[3].with1(limit),
      all[4].with1(limit),
      all[5].with1(limit),
      all[6].with1(limit),
      all[7].with1(limit),
      all[8].with1(limit),
    );
  }
}
