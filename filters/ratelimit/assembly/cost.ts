import { Bytes, HeaderName, Headers, HttpContext, PropertyPath } from "proxy-wasm-assemblyscript-sdk";

export enum CostSource {
  Number = 0,
  RequestHeader = 1,
  ResponseHeader = 2,
  Attribute = 3,
}

/** How many requests' worth a request takes, and when that is known. */
export class Cost {
  constructor(
    readonly source: CostSource = CostSource.Number,
    /** Of a number: it. Of others: what counts where there is none, or it is no whole number. */
    readonly otherwise: u32 = 1,
    readonly most: u32 = i32.MAX_VALUE,
    /** Charged when the stream is over; admission then only asks whether the bucket is empty. */
    readonly after: bool = false,
    private readonly header: HeaderName = HeaderName.PATH,
    private readonly path: PropertyPath = new PropertyPath(Bytes.of("")),
  ) {}

  /** While the request's headers are there. */
  of(context: HttpContext, headers: Headers): u32 {
    if (this.source == CostSource.Number) return this.otherwise;
    if (this.source == CostSource.Attribute) return this.bounded(context.propertyInt(this.path, -1));
    return this.ofHeader(headers);
  }

  /** In `onLog`, where everything is known. */
  atEnd(context: HttpContext): u32 {
    if (this.source == CostSource.ResponseHeader) return this.ofHeader(context.responseHeaders());
    if (this.source == CostSource.RequestHeader) return this.ofHeader(context.requestHeaders());
    return this.source == CostSource.Number ? this.otherwise : this.bounded(context.propertyInt(this.path, -1));
  }

  /** A repeated header could be read in two ways: it counts as none. */
  private ofHeader(headers: Headers): u32 {
    const value = headers.unique(this.header);
    return value === null ? this.otherwise : this.bounded(wholeNumber(value.trim()));
  }

  private bounded(value: i64): u32 {
    return value < 0 ? this.otherwise : <u32>min(value, <i64>this.most);
  }
}

/** A whole number, however many digits it has; -1 when it is none. */
function wholeNumber(text: Bytes): i64 {
  let value: i64 = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.at(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = min(value * 10 + digit, <i64>u32.MAX_VALUE);
  }
  return text.length == 0 ? -1 : value;
}
