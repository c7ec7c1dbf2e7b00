/**
 * A token bucket in exact numbers, written from its definition and not as GCRA: it holds tokens, `requests` come in each `per`, and no more
 * than `burst` stay. Tokens are counted in `per`-ths, so that nothing is rounded.
 */
export class TokenBucket {
  private tokens: bigint;
  private last = 0n;

  constructor(
    readonly requests: bigint,
    readonly per: bigint,
    readonly burst: bigint,
  ) {
    this.tokens = burst * per;
  }

  /** Whether an arrival at `now` (nanoseconds, never back) with this cost is admitted; takes its tokens when it is. */
  arrive(now: bigint, cost: bigint): boolean {
    this.fill(now);
    if (this.tokens < cost * this.per) return false;
    this.tokens -= cost * this.per;
    return true;
  }

  /** Takes tokens that may not be there. */
  owe(now: bigint, cost: bigint): void {
    this.fill(now);
    this.tokens -= cost * this.per;
  }

  /** Whole tokens. */
  remaining(now: bigint): bigint {
    this.fill(now);
    return this.tokens < 0n ? 0n : this.tokens / this.per;
  }

  private fill(now: bigint): void {
    const full = this.burst * this.per;
    this.tokens += (now - this.last) * this.requests;
    if (this.tokens > full) this.tokens = full;
    this.last = now;
  }
}
