import { Measure, Measures } from "../measure";

/** What one report says of a connection. */
export class ConnectionMeasures extends Measures {
  private first: bool = false;
  private last: bool = false;
  private sent: i64 = 0;
  private received: i64 = 0;

  /** @param sent bytes since the report before @param received the same */
  of(first: bool, last: bool, sent: i64, received: i64): this {
    this.first = first;
    this.last = last;
    this.sent = sent;
    this.received = received;
    return this;
  }

  read(measure: Measure): i64 {
    if (measure == Measure.Opened) return this.first ? 1 : -1;
    if (measure == Measure.Closed) return this.last ? 1 : -1;
    if (measure == Measure.Sent) return this.sent;
    return measure == Measure.Received ? this.received : -1;
  }
}
