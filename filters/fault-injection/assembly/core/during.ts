/** A span of time, or one that comes back. Nanoseconds since 1970. */
export class During {
  /**
   * @param each how often it comes back, counted from `from`; 0: it does not
   * @param length of each time
   */
  constructor(
    private from: u64,
    private until: u64,
    private each: u64,
    private length: u64,
  ) {}

  contains(now: u64): bool {
    if (now < this.from || now >= this.until) return false;
    return this.each == 0 || (now - this.from) % this.each < this.length;
  }
}
