import { BaseContext, PropertyPath } from "proxy-wasm-assemblyscript-sdk";
import { messagesIn } from "./core/messages";
import { Measure, Measures } from "./measure";

/** In the order of `Measure`, without the first. */
const PATHS: PropertyPath[] = [
  PropertyPath.of("request.duration"),
  PropertyPath.of("request.total_size"),
  PropertyPath.of("response.total_size"),
  PropertyPath.of("request.size"),
  PropertyPath.of("response.size"),
];
/** What Envoy's grpc_stats filter leaves with `emit_filter_state`. */
const GRPC_STATS: PropertyPath = PropertyPath.of("filter_state").then("envoy.filters.http.grpc_stats");
const MILLISECOND: i64 = 1_000_000;

/** Reads each measure of a request once. */
export class RequestMeasures extends Measures {
  private readonly values: StaticArray<i64> = new StaticArray<i64>(8);
  private known: u32 = 0;
  private context: BaseContext | null = null;
  private grpc: bool = false;

  of(context: BaseContext, grpc: bool): this {
    this.context = context;
    this.grpc = grpc;
    this.known = 0;
    return this;
  }

  /** -1 when Envoy does not say: a stream that was over before it began has no duration. */
  read(measure: Measure): i64 {
    if (measure == Measure.One) return 1;
    if (measure > Measure.ResponseMessages) return -1;
    if ((this.known & (1 << measure)) == 0) this.find(measure);
    return unchecked(this.values[measure]);
  }

  private find(measure: Measure): void {
    const context = this.context;
    if (context === null) return;
    if (measure >= Measure.RequestMessages) {
      this.findMessages(context);
      return;
    }
    const value = context.propertyInt(PATHS[measure - 1], -1);
    this.know(measure, measure == Measure.Duration && value >= 0 ? value / MILLISECOND : value);
  }

  private findMessages(context: BaseContext): void {
    const text = this.grpc ? context.property(GRPC_STATS) : null;
    this.know(Measure.RequestMessages, text === null ? -1 : messagesIn(text, 0));
    this.know(Measure.ResponseMessages, text === null ? -1 : messagesIn(text, 1));
  }

  private know(measure: Measure, value: i64): void {
    unchecked((this.values[measure] = value));
    this.known |= 1 << measure;
  }
}
