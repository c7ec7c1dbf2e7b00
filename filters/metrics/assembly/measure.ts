import { BaseContext, PropertyPath } from "proxy-wasm-assemblyscript-sdk";

/** What a metric takes of a request. */
export enum Measure {
  /** 1. */
  One = 0,
  /** Milliseconds from the request's first byte to the answer's last. */
  Duration = 1,
  /** Bytes of headers and body. */
  RequestBytes = 2,
  ResponseBytes = 3,
  /** Bytes of body. */
  RequestBody = 4,
  ResponseBody = 5,
}

/** In the order of `Measure`, without the first. */
const PATHS: PropertyPath[] = [
  PropertyPath.of("request.duration"),
  PropertyPath.of("request.total_size"),
  PropertyPath.of("response.total_size"),
  PropertyPath.of("request.size"),
  PropertyPath.of("response.size"),
];
const MILLISECOND: i64 = 1_000_000;

/** Reads each measure once a request. */
export class Measures {
  private readonly values: StaticArray<i64> = new StaticArray<i64>(6);
  private known: u32 = 0;
  private context: BaseContext | null = null;

  of(context: BaseContext): this {
    this.context = context;
    this.known = 0;
    return this;
  }

  /** -1 when Envoy does not say: a stream that was over before it began has no duration. */
  read(measure: Measure): i64 {
    if (measure == Measure.One) return 1;
    const context = this.context;
    if (this.known & (1 << measure)) return this.values[measure];
    let value: i64 = context === null ? -1 : context.propertyInt(PATHS[measure - 1], -1);
    if (measure == Measure.Duration && value >= 0) value /= MILLISECOND;
    this.values[measure] = value;
    this.known |= 1 << measure;
    return value;
  }
}
