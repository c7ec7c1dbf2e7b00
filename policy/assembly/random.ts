/**
 * xoshiro256** (Blackman, Vigna): 2^256 - 1 states, passes BigCrush, no host call per number. For ids that have to be unlikely to
 * collide and for shares of traffic, not for what has to be hard to guess. The seed comes from outside: `seeded`, or a test.
 */
export class Random {
  private a: u64;
  private b: u64;
  private c: u64;
  private d: u64;

  constructor(a: u64, b: u64, c: u64, d: u64) {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d | 1; // all zeros would stay zeros
  }

  next(): u64 {
    const result = rotl(this.b * 5, 7) * 9;
    const t = this.b << 17;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = rotl(this.d, 45);
    return result;
  }

  /** An id may not be zero. */
  nextNonZero(): u64 {
    const value = this.next();
    return value != 0 ? value : this.nextNonZero();
  }
}
