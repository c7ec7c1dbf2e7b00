/** What a metric takes of a request or of a connection. */
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
  /** Messages of a gRPC call. */
  RequestMessages = 6,
  ResponseMessages = 7,
  /** 1 in a connection's first report. */
  Opened = 8,
  /** 1 in its last. */
  Closed = 9,
  /** Bytes since the report before: to the client, and from it. */
  Sent = 10,
  Received = 11,
}

/** Of TCP connections; the others are of requests. */
export function isOfConnections(measure: Measure): bool {
  return measure >= Measure.Opened;
}

export abstract class Measures {
  /** Less than 0: there is nothing to record. */
  abstract read(measure: Measure): i64;
}
