import { Bytes } from "proxy-wasm-assemblyscript-sdk";
import { Random } from "./random";
import { sampledByTraceId } from "./sampling";
import { RANDOM, SAMPLED, TraceContext } from "./trace-context";

/** What was done with a request's trace. */
export enum Action {
  /** No trace came: a new one. */
  Start = 0,
  /** A valid trace came: a new span of it. */
  Continue = 1,
  /** An invalid or repeated `traceparent` came, or the edge does not trust it: a new trace. */
  Restart = 2,
}

/**
 * The decision for one request. Pure: the incoming header and the random numbers come from outside, the result lies in the fields
 * until the next decision.
 */
export class Tracer {
  action: Action = Action.Start;
  /** Ours, to be sent on. */
  readonly context: TraceContext = new TraceContext();
  /** The caller's span; 0 when the trace begins here. */
  parentId: u64 = 0;

  constructor(private random: Random) {}

  /**
   * @param count how many `traceparent` headers came; more than one is as bad as an invalid one
   * @param header the one that came, or null
   * @param trusted false: whatever came is not looked at (an untrusted edge)
   * @param parentBased true: a caller's decision holds
   * @param share the percentage for a decision of ours, in parts per 1,000,000,000
   * @param forced true: sampled, whatever else is said
   */
  decide(count: i32, header: Bytes | null, trusted: bool, parentBased: bool, share: u32, forced: bool): void {
    const context = this.context;
    let continues = false;
    if (trusted && count == 1 && header !== null) continues = context.parse(header);
    if (continues) {
      this.action = Action.Continue;
      this.parentId = context.spanId;
      if (!parentBased) this.sample(share);
    } else {
      this.action = count == 0 ? Action.Start : Action.Restart;
      this.parentId = 0;
      context.traceHigh = this.random.next();
      context.traceLow = this.random.nextNonZero();
      context.flags = RANDOM;
      this.sample(share);
    }
    if (forced) context.flags |= SAMPLED;
    // A new parent-id on each hop: the specification asks for it whenever anything else changes (3.4).
    context.spanId = this.random.nextNonZero();
  }

  private sample(share: u32): void {
    const context = this.context;
    if (sampledByTraceId(context.traceLow, share)) context.flags |= SAMPLED;
    else context.flags &= ~SAMPLED;
  }
}
