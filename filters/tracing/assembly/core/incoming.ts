import { Bytes } from "proxy-wasm-assemblyscript-sdk";

export enum Format {
  TraceContext = 0,
  B3 = 1,
  B3Multi = 2,
  Jaeger = 3,
}

/** The headers of the formats; all from `TraceId` to `Flags` are of B3 multi. */
export enum Field {
  Traceparent = 0,
  B3 = 1,
  TraceId = 2,
  SpanId = 3,
  ParentSpanId = 4,
  Sampled = 5,
  Flags = 6,
  Uber = 7,
}
export const FIELDS: i32 = 8;

export function formatOf(field: i32): Format {
  return field < Field.TraceId ? field : field == Field.Uber ? Format.Jaeger : Format.B3Multi;
}

/** The trace headers of one request, as bytes that are valid as long as its callback runs. Reused from request to request. */
export class Incoming {
  private counts: StaticArray<i32> = new StaticArray<i32>(FIELDS);
  private starts: StaticArray<usize> = new StaticArray<usize>(FIELDS);
  private lengths: StaticArray<i32> = new StaticArray<i32>(FIELDS);

  /** What came of a header: how often, and the first value. */
  set(field: i32, count: i32, value: Bytes | null): void {
    this.counts[field] = value === null ? 0 : count;
    this.starts[field] = value === null ? 0 : value.ptr;
    this.lengths[field] = value === null ? 0 : value.length;
  }

  has(field: i32): bool {
    return this.counts[field] > 0;
  }

  /** The value, without the blanks around it; null when it is absent or repeated. */
  unique(field: i32): Bytes | null {
    return this.counts[field] == 1 ? Bytes.borrow(this.starts[field], this.lengths[field]).trim() : null;
  }
}
