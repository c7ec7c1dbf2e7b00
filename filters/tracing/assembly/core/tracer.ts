import { Found } from "./found";
import { Random } from "../../../../policy";
import { sampledByTraceId } from "./sampling";
import { RANDOM, SAMPLED, TraceContext } from "./trace-context";

/** What was done with a request's trace. */
export enum Action {
  /** No trace came: a new one. */
  Start = 0,
  /** A valid trace came: a new span of it. */
  Continue = 1,
  /** What came names no trace, or the edge does not trust it: a new trace. */
  Restart = 2,
}

/**
 * The decision for one request. Pure: what came and the random numbers come from outside, the result lies in the fields until the next
 * decision.
 */
export class Tracer {
  action: Action = Action.Start;
  /** What came, before the decision; after it ours, to be sent on. */
  readonly context: TraceContext = new TraceContext();
  /** The caller's span; 0 when the trace begins here. */
  parentId: u64 = 0;

  constructor(private random: Random) {}

  /**
   * @param found what came, and lies in `context`
   * @param parentBased true: a caller's decision holds
   * @param share the percentage for a decision of ours, in parts per 1,000,000,000
   * @param forced true: sampled, whatever else is said
   */
  decide(found: Found, parentBased: bool, share: u32, forced: bool): void {
    const context = this.context;
    let ours = !parentBased || context.deferred;
    if (found == Found.Trace) {
      this.action = Action.Continue;
      this.parentId = context.spanId;
    } else {
      this.action = found == Found.Invalid ? Action.Restart : Action.Start;
      this.parentId = 0;
      context.traceHigh = this.random.next();
      context.traceLow = this.random.nextNonZero();
      if (found != Found.Decision) {
        context.decide(false, false, true);
        ours = true;
      }
      context.flags |= RANDOM;
    }
    if (ours) this.sample(share);
    if (forced) context.flags |= SAMPLED;
    // A new parent-id on each hop: the specification asks for it whenever anything else changes (3.4).
    context.spanId = this.random.nextNonZero();
  }

  private sample(share: u32): void {
    const context = this.context;
    if (sampledByTraceId(context.traceLow, share)) context.flags |= SAMPLED;
    else context.flags &= ~SAMPLED;
    context.debug = false;
  }
}
