import {
  Bytes,
  Counter,
  Headers,
  HttpContext,
  JsonObject,
  MemoryGauges,
  RootContext,
  SharedData,
  Status,
  TcpContext,
} from "proxy-wasm-assemblyscript-sdk";
import { Attributes, completed, DOWNSTREAM_PEER, UPSTREAM_PEER } from "../../../policy";
import { MetricsConfig, readConfig, Side } from "./config";
import { Recorder } from "./recorder";
import { Recorders } from "./recorders";
import { DestinationReporter } from "./destination-reporter";
import { Peer } from "./peer";
import { Reporter } from "./reporter";
import { SourceReporter } from "./source-reporter";
import { RequestMeasures } from "./request-measures";
import { Connection } from "./tcp/connection";
import { Reports } from "./tcp/reports";

const PROBE: Bytes = Bytes.of("metrics/probe");

/** Hears of requests only when they are over: then all is known, and each costs one callback. Connections are reported while they last. */
export class MetricsRoot extends RootContext {
  private readonly attributes: Attributes = new Attributes();
  private readonly measures: RequestMeasures = new RequestMeasures();
  private recorders: Recorders | null = null;
  private reports: Reports | null = null;
  private gauges: MemoryGauges | null = null;

  configure(json: JsonObject): bool {
    const config = readConfig(json);
    if (!json.ok()) return false;
    if (SharedData.set(PROBE, PROBE) != Status.Ok || SharedData.get(PROBE) === null)
      return this.lacks("shared data", "proxy_get_shared_data and proxy_set_shared_data");
    const overflow = new Counter("meshscript_metrics_series_overflow_total");
    if (overflow.status != Status.Ok) return this.lacks("metrics", "proxy_define_metric");
    const own = completed(config.workload, this);
    let client: Peer | null = null;
    let server: Peer | null = null;
    if (config.peerMetadata) {
      client = new Peer(DOWNSTREAM_PEER);
      server = new Peer(UPSTREAM_PEER);
    }
    const recorders = new Recorders(
      config.side,
      recorder(config, Side.Source, new SourceReporter(own, server), overflow),
      recorder(config, Side.Destination, new DestinationReporter(own, config.service, client), overflow),
    );
    this.recorders = recorders;
    this.reports = new Reports(this, recorders, config.reportingInterval);
    const gauges = new MemoryGauges("meshscript_metrics");
    gauges.report();
    this.gauges = gauges;
    return true;
  }

  createHttpContext(): HttpContext | null {
    return null;
  }

  createTcpContext(): TcpContext | null {
    const reports = this.reports;
    if (reports === null) return null;
    this.tickGauges();
    return new Connection(reports);
  }

  onLogOnly(requestHeaders: Headers): void {
    this.tickGauges();
    const recorders = this.recorders;
    if (recorders === null) return;
    recorders.of(this).record(this, requestHeaders, this.attributes.of(requestHeaders, this), this.measures);
  }

  onTick(): void {
    const reports = this.reports;
    if (reports !== null) reports.tick();
  }

  private tickGauges(): void {
    const gauges = this.gauges;
    if (gauges !== null) gauges.tick();
  }
}

function recorder(config: MetricsConfig, side: Side, reporter: Reporter, overflow: Counter): Recorder {
  return new Recorder(reporter, config.requestGroups(side, reporter, overflow), config.connectionGroups(side, reporter, overflow));
}
