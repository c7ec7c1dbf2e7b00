import { Bytes, monotonicNanoseconds, SharedSlots, Status } from "proxy-wasm-assemblyscript-sdk";

/** Bytes of a count. */
const SIZE: i32 = 4;
/** Keys of a slot: so many that some slot overflows only when most of the table is in use. */
const WAYS: i32 = 16;
/** How often to begin anew when other workers count the same. */
const MOST_TRIES: i32 = 100;

/** Counts requests by key, for all workers together. */
export class Counts {
  private constructor(private table: SharedSlots) {}

  /** Null when the host gives no shared data. */
  static open(slots: u32): Counts | null {
    // Tables of other sizes would have their entries elsewhere.
    const table = SharedSlots.open(Bytes.of("fault-injection/counts/" + slots.toString()), (slots + WAYS - 1) / WAYS, WAYS, SIZE);
    return table === null ? null : new Counts(table);
  }

  /**
   * Which one with this key it is, from 1 on; 0 when it could not be counted: the table is full, or the host does not play along.
   *
   * @param lasts nanoseconds after which the count begins anew, when none comes
   */
  next(key: Bytes, lasts: u64): u32 {
    const now = monotonicNanoseconds();
    if (now == 0) return 0;
    for (let i = 0; i < MOST_TRIES; i++) {
      const slot = this.table.find(key, now);
      if (slot === null) return 0;
      const before = load<u32>(slot.payload);
      const count = before == u32.MAX_VALUE ? before : before + 1;
      store<u32>(slot.payload, count);
      const status = slot.commit(now + lasts);
      if (status == Status.Ok) return count;
      if (status != Status.CasMismatch) return 0;
    }
    return 0;
  }
}
