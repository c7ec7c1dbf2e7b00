import { ArenaBuffer, Bytes, EMPTY, Slot, Status } from "proxy-wasm-assemblyscript-sdk";
import { WINDOW_BYTES } from "./core/rate";
import { Permits } from "./core/permits";
import { Limit } from "./limit";
import { Outcome } from "./outcome";
import { Mode, Plan } from "./plan";

/** Rates that one limit may have. */
export const MOST_WINDOWS: i32 = 8;

/** Each failure means that another worker has written: some worker gets on, so this many in a row are all but impossible. */
const MOST_TRIES: i32 = 100;

const NO_PLAN: Plan = new Plan([], Mode.Off);

/** One limit's part in one request: its bucket as it was found, what it says, and what was charged. Reused from request to request. */
export class Attempt {
  outcome: Outcome = Outcome.Admitted;
  /** Of a limit that refuses: false when it only counts what it would do. */
  enforced: bool = false;
  /** What the bucket gave, so that it can be given back. */
  charged: bool = false;
  /** Units in use of each window: before the charge, and after it once it was made. */
  readonly used: StaticArray<u64> = new StaticArray<u64>(MOST_WINDOWS);
  private slot: Slot | null = null;
  /** The charge took a permit that this worker had bought before. */
  private local: bool = false;
  private hash: u64 = 0;
  private retries: u32 = 0;

  /** For whoever writes the key. */
  readonly text: ArenaBuffer = new ArenaBuffer();

  plan: Plan = NO_PLAN;
  key: Bytes = EMPTY;
  cost: u32 = 0;

  constructor(public limit: Limit) {}

  again(limit: Limit, plan: Plan, key: Bytes, cost: u32, outcome: Outcome = Outcome.Admitted): void {
    this.limit = limit;
    this.plan = plan;
    this.key = key;
    this.cost = cost;
    this.outcome = outcome;
    this.enforced = plan.mode == Mode.Enforce;
    this.charged = false;
    this.slot = null;
    this.local = false;
    this.retries = 0;
  }

  /** The bucket was found: `used` is so. */
  get hasNumbers(): bool {
    return this.outcome == Outcome.Admitted || this.outcome == Outcome.Limited;
  }

  /** What the bucket must hold. Of a limit that is charged later: one request's worth. */
  get needed(): u32 {
    return this.limit.cost.after ? 1 : this.cost;
  }

  /** What could not be counted passes by the configuration's wish. */
  get passes(): bool {
    const outcome = this.outcome;
    return this.limit.opens && (outcome == Outcome.TableFull || outcome == Outcome.CasExhausted || outcome == Outcome.HostFailed);
  }

  /** This limit says no, and means it. */
  get refuses(): bool {
    return this.outcome != Outcome.Admitted && this.enforced;
  }

  /** The name of what refuses: of the window where there are several. */
  get refusingName(): Bytes {
    const windows = this.plan.windows;
    if (this.outcome != Outcome.Limited) return this.limit.name;
    for (let i = 0; i < windows.length; i++) if (!windows[i].rate.admits(this.used[i], this.needed)) return windows[i].name;
    return this.limit.name;
  }

  /** Finds the bucket and asks it, changing nothing. */
  look(now: u64): void {
    const permits = this.limit.permits;
    if (permits !== null && this.hasPermit(permits, now)) return;
    const slot = this.limit.table.find(this.key, now);
    this.slot = slot;
    if (slot === null) {
      this.outcome = this.notFound;
      return;
    }
    this.outcome = Outcome.Admitted;
    const windows = this.plan.windows;
    const needed = this.needed;
    let strange = false;
    for (let i = 0; i < windows.length; i++) {
      const rate = windows[i].rate;
      let used = rate.used(slot.payload + <usize>(i * WINDOW_BYTES), now);
      if (!this.limit.cost.after && rate.isStrange(used)) {
        used = rate.capacity;
        strange = true;
      }
      this.used[i] = used;
      if (!rate.admits(used, needed)) this.outcome = Outcome.Limited;
    }
    // A refused request writes nothing, and the bucket would stay so.
    if (strange && this.outcome == Outcome.Limited) this.write(slot, now);
  }

  /** Charges what `look` found admitted. Afterwards `outcome` may have changed: others were faster and the bucket is empty now. */
  charge(now: u64): void {
    if (this.limit.cost.after || this.cost == 0) return;
    const permits = this.limit.permits;
    if (this.local && permits !== null) {
      permits.take(this.hash);
      this.charged = true;
      this.used[0] += <u64>this.cost * this.plan.windows[0].rate.p;
      return;
    }
    const windows = this.plan.windows;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const slot = this.slot;
      if (slot === null || this.outcome != Outcome.Admitted) return;
      const count = this.affordable(now);
      for (let i = 0; i < windows.length; i++) this.used[i] += <u64>this.cost * count * windows[i].rate.p;
      const status = this.write(slot, now);
      if (status == Status.Ok) {
        this.charged = true;
        if (permits !== null && count > 1) this.keep(permits, count - 1, now);
        return;
      }
      if (status != Status.CasMismatch) {
        this.outcome = Outcome.HostFailed;
        return;
      }
      this.retries++;
      this.look(now);
    }
    this.outcome = Outcome.CasExhausted;
  }

  /** Charges whatever the bucket says: the cost was not known before. Anything but Admitted: why it could not. */
  chargeAnyway(now: u64): Outcome {
    return this.change(now, 0, false);
  }

  /** Gives back what `charge` took `elapsed` nanoseconds ago, less what has drained since. Anything but Admitted: why it could not. */
  refund(now: u64, elapsed: u64): Outcome {
    this.charged = false;
    const permits = this.limit.permits;
    if (permits === null || !this.local) return this.change(now, elapsed, true);
    permits.giveBack(this.hash);
    return Outcome.Admitted;
  }

  /** How often another worker was faster, counted once. */
  takeRetries(): u32 {
    const retries = this.retries;
    this.retries = 0;
    return retries;
  }

  private get notFound(): Outcome {
    return this.limit.table.status == Status.Ok ? Outcome.TableFull : Outcome.HostFailed;
  }

  /** Reads and writes the bucket until nobody comes between. */
  private change(now: u64, elapsed: u64, refund: bool): Outcome {
    const windows = this.plan.windows;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const slot = this.limit.table.find(this.key, now);
      if (slot === null) return this.notFound;
      // Nothing in use: all has drained.
      if (refund && slot.fresh) return Outcome.Admitted;
      for (let i = 0; i < windows.length; i++) {
        const rate = windows[i].rate;
        const before = rate.used(slot.payload + <usize>(i * WINDOW_BYTES), now);
        this.used[i] = refund ? rate.refunded(before, this.cost, elapsed) : rate.owing(before, this.cost);
      }
      const status = this.write(slot, now);
      if (status == Status.Ok) return Outcome.Admitted;
      if (status != Status.CasMismatch) return Outcome.HostFailed;
      this.retries++;
    }
    return Outcome.CasExhausted;
  }

  /** Whether this worker has a permit for the key, and what it knows of the bucket then. */
  private hasPermit(permits: Permits, now: u64): bool {
    this.hash = this.limit.table.hash(this.key);
    const state = permits.find(this.hash, now);
    this.local = state != 0;
    if (state == 0) return false;
    this.outcome = Outcome.Admitted;
    const rate = this.plan.windows[0].rate;
    const used = rate.used(state, now);
    this.used[0] = used - min(used, <u64>permits.left(this.hash) * this.cost * rate.p);
    return true;
  }

  /** How many permits to buy: the batch, or what is left in the bucket. */
  private affordable(now: u64): u32 {
    const permits = this.limit.permits;
    if (permits === null || !permits.hasRoom(this.hash, now)) return 1;
    return min(this.limit.batch, max(1, this.plan.windows[0].rate.remaining(this.used[0]) / this.cost));
  }

  /** Writes `used` to the bucket, if nobody has since it was found. */
  private write(slot: Slot, now: u64): Status {
    const windows = this.plan.windows;
    let expires: u64 = 0;
    for (let i = 0; i < windows.length; i++) {
      expires = max(expires, windows[i].rate.store(slot.payload + <usize>(i * WINDOW_BYTES), now, this.used[i]));
    }
    return slot.commit(expires);
  }

  /** Keeps the permits that were bought beside this request's own. */
  private keep(permits: Permits, spare: u32, now: u64): void {
    const rate = this.plan.windows[0].rate;
    // As long as the bucket takes to be full without them: then a key that came to rest has what one has that is new.
    rate.store(permits.put(this.hash, spare, now + rate.untilFull(rate.capacity)), now, this.used[0]);
    this.used[0] -= <u64>this.cost * spare * rate.p;
  }
}
