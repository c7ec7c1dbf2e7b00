import { proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric } from "./abi/imports";
import { Status } from "./abi/enums";
import { clearOut, OUT, setLastStatus } from "./abi/out";
import { Bytes } from "./bytes";

/**
 * Metrics of Envoy's: `wasmcustom.<name>` in `/stats`, the bare name in Prometheus. Define them in `configure`, not at the top level
 * of a file: there host calls trap. One name is one metric in all workers; a name lives as long as the plugin.
 */
abstract class Metric {
  /** Ok, or why Envoy did not define it; a metric that is not Ok ignores what it is told. */
  readonly status: Status;
  protected readonly id: u32;

  constructor(type: u32, name: string) {
    const utf8 = Bytes.of(name);
    clearOut();
    this.status = setLastStatus(proxy_define_metric(type, utf8.ptr, utf8.length, OUT));
    this.id = load<u32>(OUT);
  }

  /** The value now, of all workers together; 0 when undefined. */
  protected read(): u64 {
    clearOut();
    if (this.status != Status.Ok || setLastStatus(proxy_get_metric(this.id, OUT)) != Status.Ok) return 0;
    return load<u64>(OUT);
  }
}

/** Counts up. */
export class Counter extends Metric {
  constructor(name: string) {
    super(0, name);
  }

  /** Adds `by`; 0 does nothing (Envoy would refuse it), above 2^63 - 1 that much. */
  increment(by: u64 = 1): Status {
    if (this.status != Status.Ok || by == 0) return this.status;
    return setLastStatus(proxy_increment_metric(this.id, <i64>min(by, <u64>i64.MAX_VALUE)));
  }

  get(): u64 {
    return this.read();
  }
}

/** Goes up and down. Envoy's `/stats` shows a negative one as a number near 2^64: keep it at 0 or above. */
export class Gauge extends Metric {
  constructor(name: string) {
    super(1, name);
  }

  add(by: i64): Status {
    return this.status != Status.Ok ? this.status : setLastStatus(proxy_increment_metric(this.id, by));
  }

  set(value: u64): Status {
    return this.status != Status.Ok ? this.status : setLastStatus(proxy_record_metric(this.id, value));
  }

  get(): i64 {
    return <i64>this.read();
  }
}

/** Distribution of values; has no `get`. Shown after Envoy's next stats flush, 5 s by default. */
export class Histogram extends Metric {
  constructor(name: string) {
    super(2, name);
  }

  /** Records one value, in the unit that the metric's name says. */
  record(value: u64): Status {
    return this.status != Status.Ok ? this.status : setLastStatus(proxy_record_metric(this.id, value));
  }
}
