/** How long requests are delayed: a distribution. */
export abstract class Latency {
  /** Whether it is always the same. */
  get isFixed(): bool {
    return false;
  }

  /** @param unit from 0 to below 1 @returns nanoseconds */
  abstract of(unit: f64): u64;
}

export class Fixed extends Latency {
  constructor(private length: u64) {
    super();
  }

  get isFixed(): bool {
    return true;
  }

  of(unit: f64): u64 {
    return this.length;
  }
}

export class Uniform extends Latency {
  constructor(
    private least: u64,
    private most: u64,
  ) {
    super();
  }

  of(unit: f64): u64 {
    return this.least + <u64>(unit * <f64>(this.most - this.least));
  }
}

/** Waiting times of what happens at random; cut at `most`. */
export class Exponential extends Latency {
  constructor(
    private mean: u64,
    private most: u64,
  ) {
    super();
  }

  of(unit: f64): u64 {
    return min(<u64>(-Math.log(1.0 - unit) * <f64>this.mean), this.most);
  }
}

/**
 * A table of percentiles. Between two of them the logarithm grows evenly, for latencies are skewed: half of what lies between p50 = 20 ms and
 * p99 = 900 ms is below 134 ms. From 0 it is the value itself that does. Above the highest it stays.
 */
export class Percentiles extends Latency {
  /** @param shares rising, from 0 on, up to 1 @param lengths as many, not falling */
  constructor(
    private shares: f64[],
    private lengths: f64[],
  ) {
    super();
  }

  of(unit: f64): u64 {
    const last = this.shares.length - 1;
    for (let i = 0; i < last; i++) {
      const upper = this.shares[i + 1];
      if (unit >= upper) continue;
      const from = this.lengths[i];
      const to = this.lengths[i + 1];
      const way = (unit - this.shares[i]) / (upper - this.shares[i]);
      return <u64>(from > 0 ? from * Math.pow(to / from, way) : to * way);
    }
    return <u64>this.lengths[last];
  }
}
