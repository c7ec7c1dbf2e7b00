/** Names a deadline to `Deadlines.remove`; never 0. */
export type Ticket = u64;

/**
 * What is due when: a binary heap of ids by time. Put a stream's `contextId` in, with `monotonicNanoseconds()` and the wait; in `onTick` take out
 * what is due, some dozens at most: Envoy lets those that you continue or answer go when the callback is over, each within the one before, and with 400 or
 * more V8's stack may be full. Adding, removing and taking cost the logarithm of what is in it; looking at the next costs nothing.
 */
export class Deadlines {
  // By place in the heap.
  private times: StaticArray<u64> = new StaticArray<u64>(0);
  private slots: StaticArray<i32> = new StaticArray<i32>(0);
  // By slot, which a deadline keeps while it moves through the heap.
  private ids: StaticArray<u32> = new StaticArray<u32>(0);
  private places: StaticArray<i32> = new StaticArray<i32>(0);
  /** How often the slot was given away: an old ticket is none for who has it now. */
  private rounds: StaticArray<u32> = new StaticArray<u32>(0);
  /** The first free slot, whose place is the next one; -1: none. */
  private free: i32 = -1;
  size: i32 = 0;

  /** One id may have several deadlines. @returns what `remove` takes */
  add(id: u32, time: u64): Ticket {
    if (this.free < 0) this.grow();
    const slot = this.free;
    this.free = unchecked(this.places[slot]);
    unchecked((this.ids[slot] = id));
    const round = unchecked(this.rounds[slot]) + 1;
    unchecked((this.rounds[slot] = round));
    this.rise(this.size++, time, slot);
    return ((<u64>round) << 32) | (<u64>(slot + 1));
  }

  /** The time of the first; `u64.MAX_VALUE` when there is none. */
  next(): u64 {
    return this.size == 0 ? u64.MAX_VALUE : unchecked(this.times[0]);
  }

  /** Takes the first out if it is due; 0 when none is. The order of those that are due at the same time is any. */
  due(now: u64): u32 {
    if (this.size == 0 || unchecked(this.times[0]) > now) return 0;
    const id = unchecked(this.ids[unchecked(this.slots[0])]);
    this.take(0);
    return id;
  }

  /** Takes a deadline out, as in `onDelete`; false when it came or was taken out before. */
  remove(ticket: Ticket): bool {
    const slot = <i32>(<u32>ticket) - 1;
    if (slot < 0 || slot >= this.ids.length || unchecked(this.rounds[slot]) != <u32>(ticket >> 32)) return false;
    const place = unchecked(this.places[slot]);
    if (place < 0 || place >= this.size || unchecked(this.slots[place]) != slot) return false;
    this.take(place);
    return true;
  }

  /** Milliseconds until the next, for `setTickPeriod`: at least 1, and 0, which stops the timer, when there is none. */
  period(now: u64): u32 {
    const next = this.next();
    if (next == u64.MAX_VALUE) return 0;
    if (next <= now) return 1;
    const milliseconds = (next - now + 999_999) / 1_000_000;
    return <u32>min(milliseconds, <u64>i32.MAX_VALUE);
  }

  private take(hole: i32): void {
    const slot = unchecked(this.slots[hole]);
    unchecked((this.places[slot] = this.free));
    this.free = slot;
    const last = --this.size;
    if (hole == last) return;
    const time = unchecked(this.times[last]);
    const moved = unchecked(this.slots[last]);
    if (hole > 0 && unchecked(this.times[(hole - 1) >> 1]) > time) this.rise(hole, time, moved);
    else this.sink(hole, time, moved);
  }

  private rise(from: i32, time: u64, slot: i32): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (unchecked(this.times[parent]) <= time) break;
      this.put(at, unchecked(this.times[parent]), unchecked(this.slots[parent]));
      at = parent;
    }
    this.put(at, time, slot);
  }

  private sink(from: i32, time: u64, slot: i32): void {
    let at = from;
    while (true) {
      let child = at * 2 + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && unchecked(this.times[child + 1]) < unchecked(this.times[child])) child++;
      if (unchecked(this.times[child]) >= time) break;
      this.put(at, unchecked(this.times[child]), unchecked(this.slots[child]));
      at = child;
    }
    this.put(at, time, slot);
  }

  private put(at: i32, time: u64, slot: i32): void {
    unchecked((this.times[at] = time));
    unchecked((this.slots[at] = slot));
    unchecked((this.places[slot] = at));
  }

  private grow(): void {
    const before = this.ids.length;
    const after = max(16, before * 2);
    this.times = wider<u64>(this.times, after);
    this.slots = wider<i32>(this.slots, after);
    this.ids = wider<u32>(this.ids, after);
    this.places = wider<i32>(this.places, after);
    this.rounds = wider<u32>(this.rounds, after);
    for (let slot = after - 1; slot >= before; slot--) {
      unchecked((this.places[slot] = this.free));
      this.free = slot;
    }
  }
}

function wider<T>(array: StaticArray<T>, length: i32): StaticArray<T> {
  const copy = new StaticArray<T>(length);
  memory.copy(changetype<usize>(copy), changetype<usize>(array), <usize>array.length * sizeof<T>());
  return copy;
}
