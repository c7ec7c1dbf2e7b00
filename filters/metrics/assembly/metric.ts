import { Counter, Gauge, Histogram } from "proxy-wasm-assemblyscript-sdk";
import { Measure } from "./measure";

export enum MetricType {
  Counter = 0,
  Gauge = 1,
  Histogram = 2,
}

/** A metric, without its labels. */
export class Metric {
  constructor(
    readonly name: string,
    readonly type: MetricType,
    readonly measure: Measure,
  ) {}
}

/** A metric with its labels: one of Envoy's stats. */
export class Stat {
  private counter: Counter | null = null;
  private gauge: Gauge | null = null;
  private histogram: Histogram | null = null;

  /** @param prefix its labels */
  constructor(metric: Metric, prefix: string) {
    if (metric.type == MetricType.Counter) this.counter = new Counter(prefix + metric.name);
    else if (metric.type == MetricType.Gauge) this.gauge = new Gauge(prefix + metric.name);
    else this.histogram = new Histogram(prefix + metric.name);
  }

  record(value: i64): void {
    const counter = this.counter;
    const gauge = this.gauge;
    const histogram = this.histogram;
    if (counter !== null) counter.increment(<u64>value);
    else if (gauge !== null) gauge.set(<u64>value);
    else if (histogram !== null) histogram.record(<u64>value);
  }
}
