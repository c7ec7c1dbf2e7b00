/** Bytes of one window in an entry: a time of 64 bits, and the part of a nanosecond that it is too late by. */
export const WINDOW_BYTES: i32 = 12;

const SECOND: u64 = 1_000_000_000;

/** What a bucket may be made to owe, in units: a charge after the response is not refused, however large it is. */
const MOST_UNITS: u64 = 1 << 62;

/**
 * `requests` in each `per`, and at once no more than `burst`: the generic cell rate algorithm (GCRA; ITU-T I.371, annex A), which keeps
 * one time for a bucket: when it will be full again, its theoretical arrival time (TAT). A request moves it on by `per / requests`; it is admitted
 * when the time is then no further away than a whole burst.
 *
 * `per / requests` is seldom a whole number of nanoseconds. So the sums are made in units of which one request takes `p` and `q` drain in
 * a nanosecond, where p/q is that fraction in lowest terms: nothing is rounded, and a bucket of 3 a second admits 3, not 2.99.
 *
 * Times are nanoseconds of the monotonic clock. A clock that is behind that of the last writer only makes the bucket look fuller.
 */
export class Rate {
  /** Units of one request. */
  readonly p: u64;
  /** Units that drain in a nanosecond. */
  readonly q: u64;
  /** Units of a whole burst. */
  readonly capacity: u64;

  /** For numbers that `fits` takes. */
  constructor(
    readonly requests: u32,
    readonly per: u64,
    readonly burst: u32,
  ) {
    const divisor = gcd(per, requests);
    this.p = per / divisor;
    this.q = requests / divisor;
    this.capacity = <u64>burst * this.p;
  }

  /** Whether 64 bits are enough for these: `burst * per`, less what divides `per` and `requests`, is below 2^61. */
  static fits(requests: u32, per: u64, burst: u32): bool {
    if (requests == 0 || per == 0 || burst == 0) return false;
    return per / gcd(per, requests) <= ((1 << 61) - 1) / <u64>burst;
  }

  /** Units in use at `now`, by what was stored at `at`; 0 is a full bucket. */
  used(at: usize, now: u64): u64 {
    const tat = load<u64>(at);
    if (tat <= now) return 0;
    const ahead = tat - now;
    // Only an earlier configuration with other numbers can have written that.
    if (ahead > MOST_UNITS / this.q) return MOST_UNITS;
    const units = ahead * this.q;
    const early = <u64>load<u32>(at, 8);
    // As many units as drain in a nanosecond are another rate's.
    return early < this.q ? units - early : units;
  }

  /** Stores that `used` units are in use at `now`; returns when they will have drained, rounded up. */
  store(at: usize, now: u64, used: u64): u64 {
    const ahead = used / this.q + (used % this.q == 0 ? 0 : 1);
    store<u64>(at, now + ahead);
    store<u32>(at, <u32>(ahead * this.q - used), 8);
    return now + ahead;
  }

  /**
   * Whether that much in use is none of this rate's doing: an earlier configuration with other numbers left it. Then the bucket is empty, and
   * nobody waits for a limit that is gone. A little more than the burst is a clock behind the last writer's, and right.
   */
  isStrange(used: u64): bool {
    return used > this.capacity && (used - this.capacity) / this.q > SECOND;
  }

  admits(used: u64, cost: u32): bool {
    return cost <= this.burst && used + <u64>cost * this.p <= this.capacity;
  }

  /** `used` after a charge that is made whether it fits or not. */
  owing(used: u64, cost: u32): u64 {
    const room = MOST_UNITS - min(used, MOST_UNITS);
    return <u64>cost > room / this.p ? MOST_UNITS : used + <u64>cost * this.p;
  }

  /**
   * `used` after a refund, `elapsed` nanoseconds after its charge: what has drained meanwhile is left out, for time has given it back
   * already, and to give it twice would admit one too many.
   */
  refunded(used: u64, cost: u32, elapsed: u64): u64 {
    const charged = <u64>cost * this.p;
    const drained = elapsed > charged / this.q ? charged : elapsed * this.q;
    return used - min(used, charged - drained);
  }

  /** Requests that would be admitted now. */
  remaining(used: u64): u32 {
    return used >= this.capacity ? 0 : <u32>((this.capacity - used) / this.p);
  }

  /** Nanoseconds until a request of this cost is admitted; 0: now; `u64.MAX_VALUE`: never, for it costs more than the burst. */
  wait(used: u64, cost: u32): u64 {
    if (cost > this.burst) return u64.MAX_VALUE;
    const free = this.capacity - <u64>cost * this.p;
    return used <= free ? 0 : divideUp(used - free, this.q);
  }

  /** Nanoseconds until the bucket is full. */
  untilFull(used: u64): u64 {
    return divideUp(used, this.q);
  }
}

// @ts-ignore: decorator
@inline function divideUp(a: u64, b: u64): u64 {
  return a / b + (a % b == 0 ? 0 : 1);
}

function gcd(a: u64, b: u64): u64 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
