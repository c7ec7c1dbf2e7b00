import {
  Bytes,
  Counter,
  EMPTY,
  FilterHeadersStatus,
  HeaderName,
  Headers,
  HttpCallResponse,
  HttpContext,
  JsonObject,
  PropertyPath,
  RootContext,
  Status,
} from "proxy-wasm-assemblyscript-sdk";
import { ArenaBuffer } from "proxy-wasm-assemblyscript-sdk";
import { MemoryGauges } from "proxy-wasm-assemblyscript-sdk";
import { Attributes, Random, seeded } from "../../../policy";
import { collect, inject, removeAll, removeOthers, traceparent } from "./carrier";
import { Mode, readConfig, TracingConfig } from "./config";
import { Found } from "./core/found";
import { hex, hexLower } from "./core/hex";
import { Format, Incoming } from "./core/incoming";
import { TRACEPARENT_LENGTH, TraceContext } from "./core/trace-context";
import { Action, Tracer } from "./core/tracer";
import { Tracestate } from "./core/tracestate";
import { Exporter } from "./export/exporter";
import { BAGGAGE, SERVER_TIMING, TRACEPARENT, TRACESTATE } from "./headers";

/** One part of a path, dots included: reads back as filter state `wasm.meshscript.tracing`. */
const FILTER_STATE: PropertyPath = new PropertyPath(Bytes.of("meshscript.tracing"));
const ACTIONS: Bytes[] = [Bytes.of("action=start"), Bytes.of("action=continue"), Bytes.of("action=restart")];
const STRIPPED: Bytes = Bytes.of("action=strip");
const TRACE_ID: Bytes = Bytes.of(" traceparent=");
const PARENT_ID: Bytes = Bytes.of(" parent=");
const NODE_ID: PropertyPath = PropertyPath.of("xds.node.id");
const NODE_CLUSTER: PropertyPath = PropertyPath.of("xds.node.cluster");
const UNKNOWN: Bytes = Bytes.of("unknown");
const TRACE_METRIC: Bytes = Bytes.of("trace;desc=");

export class TracingRoot extends RootContext {
  config: TracingConfig = new TracingConfig();
  /** Seeded when configured. */
  tracer: Tracer = new Tracer(new Random(0, 0, 0, 0));
  /** Reused by every request: what is built in one lies in the arena. */
  readonly text: ArenaBuffer = new ArenaBuffer();
  readonly state: Tracestate = new Tracestate();
  readonly incoming: Incoming = new Incoming();
  readonly attributes: Attributes = new Attributes();
  private gauges: MemoryGauges | null = null;
  private counters: Counter[] = [];
  private exporter: Exporter | null = null;

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    const random = seeded();
    if (random === null) return this.lacks("random numbers", "random_get");
    this.tracer = new Tracer(random);
    this.counters = [
      new Counter("meshscript_tracing_started_total"),
      new Counter("meshscript_tracing_continued_total"),
      new Counter("meshscript_tracing_restarted_total"),
      new Counter("meshscript_tracing_stripped_total"),
    ];
    this.gauges = new MemoryGauges("meshscript_tracing");
    return !this.config.hasSpans || this.openExporter();
  }

  createHttpContext(): HttpContext | null {
    const exporter = this.exporter;
    if (exporter !== null) return new Exported(this, exporter);
    return this.config.mode == Mode.Off ? null : new Tracing(this);
  }

  onTick(): void {
    const exporter = this.exporter;
    if (exporter !== null) exporter.tick();
  }

  onHttpCallResponse(response: HttpCallResponse): void {
    const exporter = this.exporter;
    if (exporter !== null) exporter.answered(response);
  }

  onDone(): bool {
    const exporter = this.exporter;
    return exporter === null || exporter.close();
  }

  onDelete(): void {
    const exporter = this.exporter;
    if (exporter !== null) exporter.delete();
  }

  count(what: i32): void {
    this.counters[what].increment();
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
  }

  private openExporter(): bool {
    const config = this.config.exporting;
    if (config === null) return true;
    if (this.setTickPeriod(0) != Status.Ok) return this.lacks("timer", "proxy_set_tick_period_milliseconds");
    const id = this.property(NODE_ID);
    const instance = id === null ? EMPTY : id.copy();
    let service = config.service;
    if (service.length == 0) {
      const cluster = this.property(NODE_CLUSTER);
      service = cluster !== null && cluster.length > 0 ? cluster : instance.length > 0 ? instance : UNKNOWN;
    }
    this.exporter = new Exporter(this, config, service, instance);
    return true;
  }
}

class Tracing extends HttpContext {
  /** What Server-Timing tells the client: a traceparent, or a trace id. Kept only when it is asked for. */
  private told: Bytes | null = null;

  constructor(protected tracing: TracingRoot) {
    super();
  }

  onRequestHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const config = this.tracing.config;
    if (config.strip) this.strip(headers);
    else if (config.mode == Mode.Observe) this.observe(headers);
    else this.trace(headers);
    return FilterHeadersStatus.Continue;
  }

  onResponseHeaders(headers: Headers, endOfStream: bool): FilterHeadersStatus {
    const told = this.told;
    if (told !== null) headers.add(SERVER_TIMING, told);
    return FilterHeadersStatus.Continue;
  }

  private trace(headers: Headers): void {
    const root = this.tracing;
    const config = root.config;
    const tracer = root.tracer;
    headers.prepare();
    this.baggage(headers, config.trusted);
    if (config.inject == 0) {
      // We write none; at an untrusted edge none may pass either.
      if (!config.trusted) removeAll(headers, 0, false);
      return;
    }
    const incoming = root.incoming;
    collect(headers, incoming);
    const found = config.extract.read(incoming, config.trusted, tracer.context);
    // Nobody outside of an untrusted edge may fill the trace store.
    const force = config.forceHeader;
    let forced = false;
    if (config.trusted && force !== null) forced = isForced(headers, force);
    tracer.decide(found, config.parentBased, config.shareFor(root.attributes.of(headers, this)), forced);
    // No client brings another trace in, in a format that we do not write.
    if (config.trusted) removeOthers(headers, config.inject, incoming);
    else removeAll(headers, config.inject, false);
    const continued = found == Found.Trace && config.extract.format == Format.TraceContext;
    if ((config.inject & (1 << Format.TraceContext)) != 0) this.tracestate(headers, continued);
    inject(headers, config.inject, tracer, root.text);
    if (config.serverTiming) this.told = timing(traceparent(tracer.context, root.text));
    this.note(tracer.action, tracer.context, tracer.parentId);
    this.keep(tracer);
  }

  /** For who needs the ids once the request is over. */
  protected keep(tracer: Tracer): void {}

  /** A tracestate goes on with its trace only (3.3.1.4); with a new trace, or a bad member, all of it goes. */
  private tracestate(headers: Headers, continued: bool): void {
    const root = this.tracing;
    const config = root.config;
    const state = root.state;
    const first = headers.indexOf(TRACESTATE);
    if (first < 0 && config.stateKey.length == 0) return;
    state.clear();
    let valid = continued;
    for (let i = first; i >= 0 && valid; i = headers.indexOf(TRACESTATE, i + 1)) {
      const value = headers.valueAt(i);
      valid = value !== null && state.add(value);
    }
    if (!valid) state.clear();
    if (config.stateKey.length > 0) {
      const text = root.text;
      text.clear();
      let value = config.stateValue;
      if (value.length == 0) {
        const at = text.reserve(16);
        if (at != 0) hex(at, root.tracer.context.spanId, 16);
        value = text.bytes();
        text.clear();
      }
      state.write(text, config.stateKey, value);
      headers.replace(TRACESTATE, text.bytes());
    } else if (!valid) {
      headers.remove(TRACESTATE);
    }
  }

  /** Envoy's tracer has read the trace headers already and will write its own: hands off them. */
  private observe(headers: Headers): void {
    const config = this.tracing.config;
    this.baggage(headers, config.trusted);
    if (!config.serverTiming) return;
    const name = config.traceIdHeader;
    let traceId: Bytes | null = null;
    if (name !== null) traceId = headers.unique(name);
    if (traceId !== null && traceId.length == 32 && hexLower(traceId.ptr, 32)) {
      this.told = timing(traceId);
      return;
    }
    const header = headers.unique(TRACEPARENT);
    // Only the 55 bytes that were checked: what a higher version has behind them could hold a second metric.
    if (header !== null && new TraceContext().parse(header)) this.told = timing(header.trim().slice(0, TRACEPARENT_LENGTH));
  }

  private baggage(headers: Headers, trusted: bool): void {
    const policy = this.tracing.config.baggage;
    if (trusted && policy === null) return;
    const came = headers.count(BAGGAGE);
    if (came == 0) return;
    // At an untrusted edge only what the configuration names may pass.
    if (policy === null || (!trusted && policy.allow === null)) {
      headers.remove(BAGGAGE);
      return;
    }
    const text = this.tracing.text;
    text.clear();
    let members = 0;
    let bytes = 0;
    for (let i = headers.indexOf(BAGGAGE); i >= 0; i = headers.indexOf(BAGGAGE, i + 1)) {
      const value = headers.valueAt(i);
      if (value === null) continue;
      bytes = value.length;
      members = policy.filter(value, text, members);
    }
    if (members == 0) headers.remove(BAGGAGE);
    else if (came > 1 || text.length != bytes) headers.replace(BAGGAGE, text.bytes());
  }

  private strip(headers: Headers): void {
    removeAll(headers, 0, true);
    this.setProperty(FILTER_STATE, STRIPPED);
    this.tracing.count(3);
  }

  /** For access logs: `%FILTER_STATE(wasm.meshscript.tracing:PLAIN)%`. */
  private note(action: Action, context: TraceContext, parentId: u64): void {
    const text = this.tracing.text;
    text.clear();
    const verb = ACTIONS[action];
    text.pushBytes(verb);
    text.pushBytes(TRACE_ID);
    const at = text.reserve(TRACEPARENT_LENGTH);
    if (at != 0) context.write(at);
    text.pushBytes(PARENT_ID);
    if (parentId == 0) text.pushByte(0x2d);
    else {
      const id = text.reserve(16);
      if (id != 0) hex(id, parentId, 16);
    }
    this.setProperty(FILTER_STATE, text.bytes());
    this.tracing.count(action);
  }
}

/** A stream whose span is exported, if it is sampled. */
class Exported extends Tracing {
  private sampled: bool = false;
  private debug: bool = false;
  private traceHigh: u64 = 0;
  private traceLow: u64 = 0;
  private spanId: u64 = 0;
  private parentId: u64 = 0;

  constructor(
    tracing: TracingRoot,
    private readonly exporter: Exporter,
  ) {
    super(tracing);
  }

  onLog(): void {
    if (!this.sampled) return;
    const span = this.exporter.span;
    span.traceHigh = this.traceHigh;
    span.traceLow = this.traceLow;
    span.id = this.spanId;
    span.parentId = this.parentId;
    span.debug = this.debug;
    this.exporter.record(this, this.tracing.attributes);
  }

  protected keep(tracer: Tracer): void {
    const context = tracer.context;
    if (!context.sampled) return;
    this.sampled = true;
    this.debug = context.debug;
    this.traceHigh = context.traceHigh;
    this.traceLow = context.traceLow;
    this.spanId = context.spanId;
    this.parentId = tracer.parentId;
  }
}

/** An owned `trace;desc=...`, for the response comes in a later callback. */
function timing(value: Bytes): Bytes {
  const buffer = new ArrayBuffer(TRACE_METRIC.length + value.length);
  memory.copy(changetype<usize>(buffer), TRACE_METRIC.ptr, TRACE_METRIC.length);
  memory.copy(changetype<usize>(buffer) + <usize>TRACE_METRIC.length, value.ptr, value.length);
  return Bytes.owning(buffer);
}

/** A forcing header says yes unless it is empty, `0` or `false`; of several, any may. */
function isForced(headers: Headers, name: HeaderName): bool {
  for (let i = headers.indexOf(name); i >= 0; i = headers.indexOf(name, i + 1)) {
    const value = headers.valueAt(i);
    if (value !== null && value.length > 0 && !value.equals(ZERO) && !value.equalsIgnoreCase(FALSE)) return true;
  }
  return false;
}

const ZERO: Bytes = Bytes.of("0");
const FALSE: Bytes = Bytes.of("false");
