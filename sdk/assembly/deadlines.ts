/**
 * What is due when: a binary heap of ids by time. Put a stream's `contextId` in, with `monotonicNanoseconds()` and the wait; in `onTick` take out
 * what is due. Adding, removing and taking cost the logarithm of what is in it; looking at the next costs nothing.
 */
export class Deadlines {
  private times: StaticArray<u64> = new StaticArray<u64>(16);
  private ids: StaticArray<u32> = new StaticArray<u32>(16);
  size: i32 = 0;

  /** One id may have several deadlines. */
  add(id: u32, time: u64): void {
    if (this.size == this.times.length) this.grow();
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (unchecked(this.times[parent]) <= time) break;
      this.put(at, unchecked(this.times[parent]), unchecked(this.ids[parent]));
      at = parent;
    }
    this.put(at, time, id);
  }

  /** The time of the first; `u64.MAX_VALUE` when there is none. */
  next(): u64 {
    return this.size == 0 ? u64.MAX_VALUE : unchecked(this.times[0]);
  }

  /** Takes the first out if it is due; 0 when none is. The order of those that are due at the same time is any. */
  due(now: u64): u32 {
    if (this.size == 0 || unchecked(this.times[0]) > now) return 0;
    const id = unchecked(this.ids[0]);
    this.removeAt(0);
    return id;
  }

  /** Takes all deadlines of an id out, for `onDelete`; true when there was one. Looks at each: keep few, or let them come and find the stream gone. */
  remove(id: u32): bool {
    let found = false;
    for (let at = this.size - 1; at >= 0; at--) {
      if (unchecked(this.ids[at]) != id) continue;
      this.removeAt(at);
      found = true;
      // What was moved here from below or above has not been looked at.
      at = this.size;
    }
    return found;
  }

  /** Milliseconds until the next, for `setTickPeriod`: at least 1, and 0, which stops the timer, when there is none. */
  period(now: u64): u32 {
    const next = this.next();
    if (next == u64.MAX_VALUE) return 0;
    if (next <= now) return 1;
    const milliseconds = (next - now + 999_999) / 1_000_000;
    return <u32>min(milliseconds, <u64>i32.MAX_VALUE);
  }

  private removeAt(hole: i32): void {
    const last = --this.size;
    if (hole == last) return;
    const time = unchecked(this.times[last]);
    const id = unchecked(this.ids[last]);
    let at = hole;
    while (at > 0 && unchecked(this.times[(at - 1) >> 1]) > time) {
      const parent = (at - 1) >> 1;
      this.put(at, unchecked(this.times[parent]), unchecked(this.ids[parent]));
      at = parent;
    }
    while (true) {
      let child = at * 2 + 1;
      if (child >= last) break;
      if (child + 1 < last && unchecked(this.times[child + 1]) < unchecked(this.times[child])) child++;
      if (unchecked(this.times[child]) >= time) break;
      this.put(at, unchecked(this.times[child]), unchecked(this.ids[child]));
      at = child;
    }
    this.put(at, time, id);
  }

  private put(at: i32, time: u64, id: u32): void {
    unchecked((this.times[at] = time));
    unchecked((this.ids[at] = id));
  }

  private grow(): void {
    const times = new StaticArray<u64>(this.size * 2);
    const ids = new StaticArray<u32>(this.size * 2);
    memory.copy(changetype<usize>(times), changetype<usize>(this.times), (<usize>this.size) << 3);
    memory.copy(changetype<usize>(ids), changetype<usize>(this.ids), (<usize>this.size) << 2);
    this.times = times;
    this.ids = ids;
  }
}
