import {
  Bytes,
  CalloutOutcome,
  Counter,
  HttpCallout,
  HttpCallResponse,
  HttpContext,
  LogLevel,
  monotonicNanoseconds,
  RootContext,
  StateLog,
  Status,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../../policy";
import { Encoding } from "../core/encoding";
import { Span } from "../core/span";
import { SpanQueue } from "../core/span-queue";
import { writeSpan } from "../core/write-span";
import { ExportConfig } from "./config";
import { encodingOf } from "./encodings";
import { readSpan } from "./read-span";

const WORKS: string = "spans are taken";
/** How long after its timeout an answer is waited for. Envoy always tells, unless it was forbidden to. */
const PATIENCE: u64 = 5_000_000_000;

/**
 * Spans of one worker, on their way to a collector. They wait until there are enough for a batch, or long enough; one batch is under way at a time, and is
 * never sent twice. Nothing of this is on the way of a request.
 */
export class Exporter {
  /** To be filled with ids, for `record`. */
  readonly span: Span = new Span();
  private readonly encoding: Encoding;
  private readonly queue: SpanQueue;
  private readonly exported: Counter = new Counter("meshscript_tracing_spans_exported_total");
  private readonly dropped: Counter = new Counter("meshscript_tracing_spans_dropped_total");
  private readonly failures: Counter = new Counter("meshscript_tracing_export_failures_total");
  private readonly state: StateLog;
  /** The batch under way, and how many spans it has. */
  private callout: HttpCallout | null = null;
  private underWay: i32 = 0;
  /** When nobody will tell any more what became of it, by the monotonic clock. */
  private lostAt: u64 = 0;
  private ticking: bool = false;
  /** Spans have waited long enough, and have to wait for the batch under way. */
  private due: bool = false;
  /** The configuration goes: what waits goes at once. */
  private closing: bool = false;

  /** @param service of the spans, @param instance the node; empty: unknown */
  constructor(
    private readonly root: RootContext,
    private readonly config: ExportConfig,
    service: Bytes,
    instance: Bytes,
  ) {
    const encoding = encodingOf(config, service, instance);
    this.encoding = encoding;
    this.queue = new SpanQueue(encoding.prefix, encoding.suffix, config.maxQueue, config.maxQueueBytes);
    const id = root.contextId.toString();
    this.state = new StateLog("[" + root.name + " #" + id + '] export to "' + config.cluster.toString() + '"', WORKS);
  }

  /** Takes the span of a request that is over, whose ids are in `span`. */
  record(stream: HttpContext, attributes: Attributes): void {
    const span = this.span;
    const queue = this.queue;
    const taken =
      readSpan(span, stream, attributes, this.config.kind) && writeSpan(span, this.encoding) && queue.push(this.encoding.into.bytes());
    span.forget();
    if (!taken) {
      this.dropped.increment();
      return;
    }
    if (queue.count >= this.config.batch || queue.half) this.send();
    if (queue.count > 0) this.arm();
  }

  /** Each interval, while spans come. */
  tick(): void {
    if (this.callout !== null && monotonicNanoseconds() > this.lostAt) {
      this.callout = null;
      this.failed(this.underWay, "no word of a batch: allow proxy_on_http_call_response in capability_restriction_config");
      this.underWay = 0;
      if (this.closing) {
        this.dropAll();
        this.root.done();
        return;
      }
    }
    if (this.queue.count > 0) this.send();
    else if (this.root.setTickPeriod(0) == Status.Ok) this.ticking = false;
  }

  answered(response: HttpCallResponse): void {
    if (response.callout !== this.callout) return;
    const spans = this.underWay;
    this.callout = null;
    this.underWay = 0;
    const status = response.status;
    if (status >= 200 && status < 300) {
      this.exported.increment(spans);
      this.state.is(WORKS, monotonicNanoseconds(), LogLevel.Info);
    } else {
      this.failed(spans, failureOf(response, status));
      // Others will fail alike, and the one that takes this one's place shall not wait for them.
      if (this.closing) this.dropAll();
    }
    if (this.queue.count > 0 && (this.due || this.closing || this.queue.count >= this.config.batch)) this.send();
    if (this.closing && this.callout === null) this.root.done();
  }

  /** Sends what waits, one batch after the other. @returns whether nothing is under way any more; else `root.done()` comes later */
  close(): bool {
    this.closing = true;
    if (this.callout === null && this.queue.count > 0) this.send();
    if (this.callout === null) return true;
    this.arm();
    return false;
  }

  /** Nobody will send what is left. */
  delete(): void {
    this.dropped.increment(this.underWay);
    this.underWay = 0;
    this.callout = null;
    this.dropAll();
    this.queue.free();
  }

  private arm(): void {
    if (!this.ticking) this.ticking = this.root.setTickPeriod(this.config.interval) == Status.Ok;
  }

  private send(): void {
    if (this.callout !== null) {
      this.due = true;
      return;
    }
    this.due = false;
    const config = this.config;
    const spans = min(this.queue.count, config.batch);
    const callout = this.root.httpCall(config.cluster, config.headers, this.queue.body(spans), config.timeout);
    this.queue.release(spans);
    if (callout.status == Status.Ok) {
      this.callout = callout;
      this.underWay = spans;
      this.lostAt = monotonicNanoseconds() + <u64>config.timeout * 1_000_000 + PATIENCE;
      return;
    }
    this.failed(
      spans,
      callout.status == Status.BadArgument
        ? "there is no such cluster"
        : "no endpoint, too many calls under way, or proxy_http_call is not allowed",
    );
    if (this.closing) this.dropAll();
  }

  private failed(spans: i32, why: string): void {
    this.failures.increment();
    this.dropped.increment(spans);
    this.state.is(why, monotonicNanoseconds());
  }

  private dropAll(): void {
    if (this.queue.count > 0) this.dropped.increment(this.queue.drop(this.queue.count));
  }
}

function failureOf(response: HttpCallResponse, status: u32): string {
  const outcome = response.outcome;
  if (outcome == CalloutOutcome.TimedOut) return "no answer in time";
  return outcome == CalloutOutcome.Failed ? "no connection, or it broke" : "the collector answers " + status.toString();
}
