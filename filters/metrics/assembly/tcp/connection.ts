import { FilterStatus, PropertyPath, TcpContext } from "proxy-wasm-assemblyscript-sdk";
import { Recorder } from "../recorder";
import { Series } from "../series";
import { Reports } from "./reports";

/** Envoy counts the bytes: no callback for data, which would cost one for each read and write. */
const RECEIVED: PropertyPath = PropertyPath.of("request.size");
const SENT: PropertyPath = PropertyPath.of("response.size");
const FLAGS: PropertyPath = PropertyPath.of("response.flags");

/** A TCP connection: reported while it lasts, and when it is over. */
export class Connection extends TcpContext {
  /** Neighbours in the queue of reports. */
  before: Connection | null = null;
  after: Connection | null = null;
  /** When it is reported next. */
  due: u64 = 0;
  private recorder: Recorder | null = null;
  private series: Series[] | null = null;
  private received: i64 = 0;
  private sent: i64 = 0;

  constructor(private reports: Reports) {
    super();
  }

  /** Nothing is counted yet: who the client is comes out of its handshake, where it goes out of tcp_proxy. */
  onNewConnection(): FilterStatus {
    this.reports.add(this);
    return FilterStatus.Continue;
  }

  onLog(): void {
    this.reports.remove(this);
    this.report(true);
  }

  /** Labels are those of the first report, but for the flags of how it ended. */
  report(last: bool): void {
    const knownRecorder = this.recorder;
    const recorder = knownRecorder === null ? this.reports.recorders.of(this) : knownRecorder;
    this.recorder = recorder;
    const received = this.propertyInt(RECEIVED, this.received);
    const sent = this.propertyInt(SENT, this.sent);
    const known = this.series;
    const measures = this.reports.measures.of(known === null, last, sent - this.sent, received - this.received);
    this.received = received;
    this.sent = sent;
    let series = known;
    if (series === null || (last && this.propertyInt(FLAGS) != 0)) series = recorder.seriesOf(this, this.reports.attributesOf(this));
    this.series = series;
    recorder.recordConnection(series, measures);
  }
}
