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

/** The trace headers of one request, as bytes that are valid as long as its callback runs. Reused from request to request. A field is never out of bounds. */
export class Incoming {
  private counts: StaticArray<i32> = new StaticArray<i32>(FIELDS);
  private starts: StaticArray<usize> = new StaticArray<usize>(FIELDS);
  private lengths: StaticArray<i32> = new StaticArray<i32>(FIELDS);

  /** Which came, a bit for each field. */
  present: u32 = 0;

  clear(): void {
    this.present = 0;
  }

  /** What came of a header: how often, once at least, and the first value. */
  set(field: Field, count: i32, value: Bytes): void {
    this.present |= 1 << field;
    unchecked((this.counts[field] = count));
    unchecked((this.starts[field] = value.ptr));
    unchecked((this.lengths[field] = value.length));
  }

  has(field: Field): bool {
    return ((this.present >> field) & 1) != 0;
  }

  /** The value, without the blanks around it; null when it is absent or repeated. */
  unique(field: Field): Bytes | null {
    if (!this.has(field) || unchecked(this.counts[field]) != 1) return null;
    return Bytes.borrow(unchecked(this.starts[field]), unchecked(this.lengths[field])).trim();
  }
}
