import { BaseContext, Headers } from "proxy-wasm-assemblyscript-sdk";
import { Attributes } from "../../../policy";
import { Group } from "./group";
import { Measures } from "./measure";
import { Reporter } from "./reporter";
import { RequestMeasures } from "./request-measures";
import { Series } from "./series";

/** One side's reporter with the metrics that it fills. */
export class Recorder {
  /** What some metric shows. */
  private readonly ofRequests: u32;
  private readonly ofConnections: u32;

  constructor(
    private reporter: Reporter,
    private requests: Group[],
    private connections: Group[],
  ) {
    this.ofRequests = needsOf(requests);
    this.ofConnections = needsOf(connections);
  }

  record(stream: BaseContext, headers: Headers, from: Attributes, measures: RequestMeasures): void {
    const reporter = this.reporter;
    reporter.read(stream, headers, this.ofRequests);
    measures.of(stream, reporter.grpc);
    for (let i = 0; i < this.requests.length; i++) {
      const group = this.requests[i];
      const series = group.seriesOf(from);
      if (series !== null) group.record(series, measures);
    }
  }

  /** Where a connection belongs, by groups. */
  seriesOf(connection: BaseContext, from: Attributes): Series[] {
    const reporter = this.reporter;
    reporter.readConnection(connection, this.ofConnections);
    const found: Series[] = [];
    for (let i = 0; i < this.connections.length; i++) {
      const series = this.connections[i].seriesOf(from);
      if (series !== null) found.push(series);
    }
    return found;
  }

  /** @param series of `seriesOf` */
  recordConnection(series: Series[], measures: Measures): void {
    for (let i = 0; i < series.length; i++) this.connections[i].record(series[i], measures);
  }
}

function needsOf(groups: Group[]): u32 {
  let needed: u32 = 0;
  for (let i = 0; i < groups.length; i++) needed |= groups[i].needs;
  return needed;
}
