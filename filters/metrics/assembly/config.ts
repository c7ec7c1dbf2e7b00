import { Bytes, Counter, EMPTY, JsonArray, JsonObject } from "proxy-wasm-assemblyscript-sdk";
import { Conditions, readWorkload, Workload } from "../../../policy";
import { Budget } from "./budget";
import { readMetric } from "./config/metric";
import { Override, readOverride } from "./config/override";
import { Dimension, STANDARD } from "./core/dimension";
import { Group } from "./group";
import { Label } from "./label";
import { isOfConnections, Measure } from "./measure";
import { Metric, MetricType } from "./metric";
import { Reporter } from "./reporter";

/** Which of the two proxies of a request this is. */
export enum Side {
  /** The listener's direction says it. */
  Unknown = 0,
  Source = 1,
  Destination = 2,
}

const REPORTERS: string[] = ["source", "destination"];

/** A metric of one's own. */
export class OwnMetric {
  constructor(
    readonly metric: Metric,
    readonly labels: Label[],
    readonly when: Conditions | null,
  ) {}
}

/** The filter's configuration; `filters/metrics/config.ts` is its schema, and a test holds the two together. */
export class MetricsConfig {
  side: Side = Side.Unknown;
  workload: Workload = new Workload();
  service: Bytes = EMPTY;
  /** Asks for what the peer-metadata filter has left. */
  peerMetadata: bool = false;
  overrides: Override[] = [];
  metrics: OwnMetric[] = [];
  maxSeries: u32 = 1_000;
  /** Nanoseconds. */
  reportingInterval: u64 = 5_000_000_000;

  /** The metrics of a side's requests, those together that have the same labels. */
  requestGroups(side: Side, reporter: Reporter, overflow: Counter): Group[] {
    const groups = this.standardGroups(false, side, reporter, this.budgetOf(STANDARD_METRICS), overflow);
    for (let i = 0; i < this.metrics.length; i++) {
      const own = this.metrics[i];
      groups.push(new Group([own.metric], suffixesFirst(own.labels), reporter, own.when, this.budgetOf(own.metric.name), overflow));
    }
    return groups;
  }

  /** The same of TCP connections. */
  connectionGroups(side: Side, reporter: Reporter, overflow: Counter): Group[] {
    return this.standardGroups(true, side, reporter, this.budgetOf(STANDARD_TCP_METRICS), overflow);
  }

  private standardGroups(tcp: bool, side: Side, reporter: Reporter, budget: Budget, overflow: Counter): Group[] {
    const groups: Group[] = [];
    const standard = standardMetrics();
    const kept: Metric[] = [];
    const labels: Label[][] = [];
    for (let i = 0; i < standard.length; i++) {
      if (isOfConnections(standard[i].measure) != tcp) continue;
      const own = this.labelsOf(i, side, tcp);
      if (own === null) continue;
      kept.push(standard[i]);
      labels.push(own);
    }
    while (kept.length > 0) {
      const together: Metric[] = [];
      const own = labels[0];
      for (let i = 0; i < kept.length;) {
        if (!sameLabels(own, labels[i])) i++;
        else {
          together.push(kept[i]);
          kept.splice(i, 1);
          labels.splice(i, 1);
        }
      }
      groups.push(new Group(together, suffixesFirst(own), reporter, null, budget, overflow));
    }
    return groups;
  }

  /** The labels of a standard metric, as overrides leave them; null: it is left out. */
  private labelsOf(metric: i32, side: Side, tcp: bool): Label[] | null {
    let labels = tcp ? tcpLabels() : standardLabels();
    for (let i = 0; i < this.overrides.length; i++) {
      const change = this.overrides[i];
      if (!change.matches(metric, side)) continue;
      if (change.disabled) return null;
      labels = change.apply(labels);
    }
    return labels;
  }

  /** Both sides of a metric share it: to who reads them they are one. */
  private budgetOf(metric: string): Budget {
    return new Budget(Bytes.of(metric), this.maxSeries);
  }
}

const SHORTEST_INTERVAL: i64 = 100_000_000;
const LONGEST_INTERVAL: i64 = 3_600_000_000_000;

/** Reads the configuration; what is wrong with it is noted in the document. */
export function readConfig(json: JsonObject): MetricsConfig {
  const config = new MetricsConfig();
  if (json.has("reporter")) config.side = <Side>(json.choice("reporter", REPORTERS) + 1);
  config.workload = readWorkload(json.object("workload"));
  config.service = json.bytes("service");
  config.peerMetadata = json.boolean("peerMetadata", false);
  const overrides = json.array("overrides");
  for (let i = 0; i < overrides.length; i++) {
    const object = overrides.object(i);
    if (object.present) config.overrides.push(readOverride(object));
  }
  readMetrics(json.array("metrics"), config);
  config.reportingInterval = <u64>json.duration("reportingInterval", config.reportingInterval, SHORTEST_INTERVAL, LONGEST_INTERVAL);
  config.maxSeries = <u32>json.integer("maxSeries", config.maxSeries, 1, 100_000);
  return config;
}

function readMetrics(array: JsonArray, config: MetricsConfig): void {
  const standard = standardMetrics();
  const names: string[] = [];
  for (let i = 0; i < standard.length; i++) names.push(standard[i].name);
  for (let i = 0; i < array.length; i++) {
    const object = array.object(i);
    if (!object.present) continue;
    const own = readMetric(object);
    if (names.includes(own.metric.name)) object.problem("name", "is another metric's name already");
    names.push(own.metric.name);
    config.metrics.push(own);
  }
}

/** In the order of `METRICS` of overrides. */
function standardMetrics(): Metric[] {
  return [
    new Metric("istio_requests_total", MetricType.Counter, Measure.One),
    new Metric("istio_request_duration_milliseconds", MetricType.Histogram, Measure.Duration),
    new Metric("istio_request_bytes", MetricType.Histogram, Measure.RequestBytes),
    new Metric("istio_response_bytes", MetricType.Histogram, Measure.ResponseBytes),
    new Metric("istio_tcp_connections_opened_total", MetricType.Counter, Measure.Opened),
    new Metric("istio_tcp_connections_closed_total", MetricType.Counter, Measure.Closed),
    new Metric("istio_tcp_sent_bytes_total", MetricType.Counter, Measure.Sent),
    new Metric("istio_tcp_received_bytes_total", MetricType.Counter, Measure.Received),
    new Metric("istio_request_messages_total", MetricType.Counter, Measure.RequestMessages),
    new Metric("istio_response_messages_total", MetricType.Counter, Measure.ResponseMessages),
  ];
}

/** Istio's metrics have one budget: which of them are together is for the configuration to say, and must not make it another one. */
const STANDARD_METRICS: string = "istio";
const STANDARD_TCP_METRICS: string = "istio_tcp";

/** Patterns of tags are not anchored: `app=.=` would be found in `source_app=.=`, were it not in front of it. Otherwise the order stays. */
function suffixesFirst(labels: Label[]): Label[] {
  const ordered: Label[] = [];
  for (let i = 0; i < labels.length; i++) {
    let at = 0;
    while (at < ordered.length && !ordered[at].name.endsWith(labels[i].name)) at++;
    ordered.push(labels[i]);
    for (let k = ordered.length - 1; k > at; k--) ordered[k] = ordered[k - 1];
    ordered[at] = labels[i];
  }
  return ordered;
}

/** Of a connection there is no response: as in Istio, none of its labels. */
function tcpLabels(): Label[] {
  return standardLabels().slice(0, Dimension.ResponseCode);
}

const BASE: Label[] = [];

function standardLabels(): Label[] {
  if (BASE.length == 0) for (let i = 0; i < STANDARD.length; i++) BASE.push(new Label(STANDARD[i], i, null));
  return BASE;
}

function sameLabels(a: Label[], b: Label[]): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
