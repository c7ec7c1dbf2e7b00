export type MetricType = "counter" | "gauge" | "histogram";

const MASK = (1n << 64n) - 1n;

/** A metric of the process: the same name in any VM is the same metric. */
export class Metric {
  /** Of a counter or gauge; wraps at 2^64. */
  value = 0n;
  /** Of a histogram: everything recorded, in order. */
  readonly samples: bigint[] = [];

  constructor(
    readonly type: MetricType,
    readonly name: string,
  ) {}

  add(amount: bigint): void {
    this.value = (this.value + amount) & MASK;
  }

  set(value: bigint): void {
    this.value = value & MASK;
  }
}

/** The metrics that modules defined, by name and type. Envoy drops them with the last plugin that uses them. */
export class MetricStore {
  private readonly metrics = new Map<string, Metric>();

  define(type: MetricType, name: string): Metric {
    const key = `${type} ${name}`;
    const metric = this.metrics.get(key) ?? new Metric(type, name);
    this.metrics.set(key, metric);
    return metric;
  }

  all(): IterableIterator<Metric> {
    return this.metrics.values();
  }

  clear(): void {
    this.metrics.clear();
  }
}
