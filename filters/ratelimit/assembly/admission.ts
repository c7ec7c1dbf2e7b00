import { EMPTY, HttpContext } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, BitSet, Random } from "../../../policy";
import { Attempt } from "./attempt";
import { KeyOutcome, writeKey } from "./key";
import { Limit } from "./limit";
import { Outcome } from "./outcome";
import { Mode, Plan } from "./plan";

const WHOLE: u32 = 1_000_000_000;

/**
 * All limits of one request. First each is asked, and if one refuses nothing is charged anywhere. Then each is charged by
 * compare-and-set; when another worker has emptied a bucket meanwhile, what was charged before is refunded. So a request is admitted by all or
 * charged by none, without a lock. One of these is reused for every request.
 */
export class Admission {
  /** The limits that apply: the first `size` of them. */
  readonly attempts: Attempt[] = [];
  size: i32 = 0;
  /** The first that refuses; null: admitted. */
  refusing: Attempt | null = null;

  /**
   * Finds out which limits apply, with which numbers, and whose bucket each is.
   * @param candidates the limits that may apply, by their numbers
   */
  gather(limits: Limit[], candidates: BitSet, from: Attributes, context: HttpContext): void {
    this.size = 0;
    this.refusing = null;
    for (let i = candidates.next(0); i < limits.length; i = candidates.next(i + 1)) {
      const limit = limits[i];
      if (limit.when.hold(from)) this.add(limit, from, context);
    }
  }

  /**
   * Of a request whose headers the host does not give: nobody can tell which limits it is about, so it is about all, and none can be
   * counted.
   */
  gatherBlindly(limits: Limit[]): void {
    this.size = 0;
    this.refusing = null;
    for (let i = 0; i < limits.length; i++) {
      const plan = limits[i].plan;
      if (plan === null || plan.mode == Mode.Off) continue;
      this.next(limits[i]).again(limits[i], plan, EMPTY, 0, Outcome.HostFailed);
      this.size++;
    }
  }

  /** @param now of the monotonic clock; 0: the host gives none */
  decide(now: u64, random: Random): void {
    for (let i = 0; i < this.size; i++) {
      const attempt = this.attempts[i];
      if (now == 0) attempt.outcome = Outcome.HostFailed;
      else if (attempt.outcome == Outcome.Admitted) attempt.look(now);
      this.settle(attempt, random);
    }
    for (let i = 0; i < this.size && this.refusing === null; i++) {
      const attempt = this.attempts[i];
      if (attempt.outcome != Outcome.Admitted) continue;
      attempt.charge(now);
      this.settle(attempt, random);
    }
  }

  /** What a refused request was charged already. */
  get hasCharges(): bool {
    for (let i = 0; i < this.size; i++) if (this.attempts[i].charged) return true;
    return false;
  }

  /** @param elapsed nanoseconds since `decide`'s `now` */
  refund(now: u64, elapsed: u64): void {
    for (let i = 0; i < this.size; i++) {
      const attempt = this.attempts[i];
      if (!attempt.charged) continue;
      const outcome = attempt.refund(now, elapsed);
      if (outcome == Outcome.Admitted) attempt.limit.counters.refunded.increment();
      else attempt.limit.counters.failed(outcome);
    }
  }

  count(): void {
    for (let i = 0; i < this.size; i++) {
      const attempt = this.attempts[i];
      const counters = attempt.limit.counters;
      counters.casRetries.increment(attempt.takeRetries());
      counters.failed(attempt.outcome);
      if (attempt.refuses) counters.refused.increment();
      // Of a request that another limit refuses nothing is counted: so the number is what enforcing this limit would add.
      else if (this.refusing !== null) continue;
      else if (attempt.outcome != Outcome.Admitted && !attempt.passes) counters.shadowRefused.increment();
      else counters.admitted.increment();
    }
  }

  private add(limit: Limit, from: Attributes, context: HttpContext): void {
    const attempt = this.next(limit);
    const text = attempt.text;
    text.clear();
    const outcome = writeKey(limit.key, from, text);
    if (outcome == KeyOutcome.Skipped) return;
    let plan = limit.plan;
    const perRoute = limit.perRoute;
    let special: Plan | null = null;
    if (outcome == KeyOutcome.Complete) special = limit.overrides.find(text.bytes());
    if (special !== null) plan = special;
    else if (perRoute !== null) {
      plan = perRoute.of(context, plan);
      if (perRoute.invalid) limit.counters.invalidMetadata.increment();
    }
    if (plan === null || plan.mode == Mode.Off) return;
    const bucket = plan.bucket;
    if (bucket !== null) text.pushSized(bucket);
    const missing = outcome == KeyOutcome.Denied;
    const cost = missing || limit.cost.after ? 0 : limit.cost.of(context, from.headers);
    attempt.again(limit, plan, missing ? EMPTY : text.bytes(), cost, missing ? Outcome.KeyMissing : Outcome.Admitted);
    this.size++;
  }

  private next(limit: Limit): Attempt {
    if (this.size == this.attempts.length) this.attempts.push(new Attempt(limit));
    return this.attempts[this.size];
  }

  /** Whether a refusal is meant. */
  private settle(attempt: Attempt, random: Random): void {
    if (attempt.outcome == Outcome.Admitted || !attempt.enforced) return;
    const share = attempt.limit.enforced;
    if (attempt.passes || (share < WHOLE && random.next() % WHOLE >= <u64>share)) attempt.enforced = false;
    else if (this.refusing === null) this.refusing = attempt;
  }
}
