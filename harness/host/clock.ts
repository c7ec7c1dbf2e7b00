/** What the host runs when its time has come. Returned by `at` and `after`; `cancel` makes it never run. */
export interface Timer {
  /** Virtual nanoseconds since the host was opened. */
  readonly at: number;
  /** Whose it is, where only somebody's own streams can be moved by it. */
  readonly owner: object | undefined;
  cancel(): void;
}

interface Entry extends Timer {
  sequence: number;
  run: (() => void) | undefined;
}

const NS_PER_MS = 1_000_000;

/**
 * Virtual time. It stands still while code runs and moves only when the host says so; of two timers for the same moment the older one
 * runs first. Envoy's own clock goes on within a callback and its timers are late by up to 4 ms (a kernel tick): here both are exact.
 */
export class VirtualClock {
  private readonly heap: Entry[] = [];
  private sequence = 0;
  private elapsedNs = 0;
  /** Entries of the heap that will not run. */
  private cancelled = 0;

  /** @param startMs the wall clock at the start, in milliseconds since 1970 */
  constructor(private readonly startMs: number) {}

  /** Nanoseconds since the start. Whole, and exact up to 104 days. */
  get elapsed(): number {
    return this.elapsedNs;
  }

  /** The wall clock in nanoseconds since 1970. */
  get wall(): bigint {
    return BigInt(this.startMs) * BigInt(NS_PER_MS) + BigInt(this.elapsedNs);
  }

  /** The wall clock as text; made once for each moment. */
  get text(): { iso: string; http: string } {
    if (this.textAt !== this.elapsedNs) {
      const { date } = this;
      this.texts = { iso: date.toISOString(), http: date.toUTCString() };
      this.textAt = this.elapsedNs;
    }
    return this.texts;
  }

  private textAt = -1;
  private texts = { iso: "", http: "" };

  /** The wall clock. */
  get date(): Date {
    return new Date(this.startMs + this.elapsedNs / NS_PER_MS);
  }

  /** @param owner see Timer */
  after(ms: number, run: () => void, owner?: object): Timer {
    const at = this.elapsedNs + Math.max(0, Math.round(ms * NS_PER_MS));
    const entry: Entry = {
      at,
      owner,
      sequence: this.sequence++,
      run,
      cancel: () => {
        if (entry.run === undefined) return;
        entry.run = undefined;
        this.cancelled++;
        this.compact();
      },
    };
    this.push(entry);
    return entry;
  }

  /** When the next timer is due, in nanoseconds since the start. */
  next(): number | undefined {
    while (this.heap[0] && this.heap[0].run === undefined) {
      this.pop();
      this.cancelled--;
    }
    return this.heap[0]?.at;
  }

  /** Moves to a moment that is not before now. */
  moveTo(ns: number): void {
    this.elapsedNs = Math.max(this.elapsedNs, ns);
  }

  /** Takes the next timer that is due by now. */
  due(): (() => void) | undefined {
    const at = this.next();
    if (at === undefined || at > this.elapsedNs) return undefined;
    const entry = this.pop();
    const run = entry?.run;
    // From now on it cannot be cancelled.
    if (entry) entry.run = undefined;
    return run;
  }

  /** Whether a timer that will fire is such. */
  some(test: (timer: Timer) => boolean): boolean {
    return this.heap.some((entry) => entry.run !== undefined && test(entry));
  }

  /** Time may stand still for long while requests come and go: what they cancelled must not pile up. */
  private compact(): void {
    if (this.cancelled < 64 || this.cancelled * 2 < this.heap.length) return;
    const live = this.heap.filter(({ run }) => run !== undefined);
    this.heap.length = 0;
    this.cancelled = 0;
    for (const entry of live) this.push(entry);
  }

  private push(entry: Entry): void {
    const heap = this.heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      heap[i] = heap[parent] as Entry;
      i = parent;
    }
    heap[i] = entry;
  }

  private pop(): Entry | undefined {
    const heap = this.heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child] as Entry;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: Entry | undefined, b: Entry | undefined): boolean {
  return a !== undefined && b !== undefined && (a.at < b.at || (a.at === b.at && a.sequence < b.sequence));
}
