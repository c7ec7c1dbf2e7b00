import {
  Bytes,
  Counter,
  Headers,
  HttpContext,
  JsonObject,
  MemoryGauges,
  PropertyPath,
  RootContext,
  SharedData,
  Status,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes, completed } from "../../../policy";
import { MetricsConfig, readConfig, Side } from "./config";
import { Group } from "./group";
import { Measures } from "./measure";
import { DestinationReporter, Reporter, SourceReporter } from "./reporter";

const DIRECTION: PropertyPath = PropertyPath.of("xds.listener_direction");
const OUTBOUND: i64 = 2;
const PROBE: Bytes = Bytes.of("metrics/probe");

/** Hears only of streams that are over: then all is known, and a request costs one callback. */
export class MetricsRoot extends RootContext {
  config: MetricsConfig = new MetricsConfig();
  private readonly attributes: Attributes = new Attributes();
  private readonly measures: Measures = new Measures();
  private source: Recorder | null = null;
  private destination: Recorder | null = null;
  private gauges: MemoryGauges | null = null;

  configure(json: JsonObject): bool {
    this.config = readConfig(json);
    if (!json.ok()) return false;
    if (SharedData.set(PROBE, PROBE) != Status.Ok || SharedData.get(PROBE) === null)
      return this.lacks("shared data", "proxy_get_shared_data and proxy_set_shared_data");
    const overflow = new Counter("meshscript_metrics_series_overflow_total");
    if (overflow.status != Status.Ok) return this.lacks("metrics", "proxy_define_metric");
    const own = completed(this.config.workload, this);
    this.source = new Recorder(new SourceReporter(own), this.config.groups(Side.Source, overflow));
    this.destination = new Recorder(new DestinationReporter(own, this.config.service), this.config.groups(Side.Destination, overflow));
    const gauges = new MemoryGauges("meshscript_metrics");
    gauges.report();
    this.gauges = gauges;
    return true;
  }

  createHttpContext(): HttpContext | null {
    return null;
  }

  onLogOnly(requestHeaders: Headers): void {
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
    const side = this.config.side;
    const source = side == Side.Unknown ? this.propertyInt(DIRECTION) == OUTBOUND : side == Side.Source;
    const recorder = source ? this.source : this.destination;
    if (recorder === null) return;
    recorder.record(this, requestHeaders, this.attributes.of(requestHeaders, this), this.measures.of(this));
  }
}

/** One side's reporter with the metrics that it fills. */
class Recorder {
  /** The dimensions that some metric shows. */
  private readonly needed: u32;

  constructor(
    private reporter: Reporter,
    private groups: Group[],
  ) {
    let needed: u32 = 0;
    for (let i = 0; i < groups.length; i++) needed |= groups[i].needs;
    this.needed = needed;
  }

  record(stream: RootContext, headers: Headers, from: Attributes, measures: Measures): void {
    this.reporter.read(stream, headers, this.needed);
    for (let i = 0; i < this.groups.length; i++) this.groups[i].record(this.reporter.values, from, measures);
  }
}
