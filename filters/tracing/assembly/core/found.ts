/** What a format's headers hold. */
export enum Found {
  /** None of them came. */
  Absent = 0,
  /** They came, but do not name a trace, or more than one. */
  Invalid = 1,
  /** No trace, but a decision for the one that begins: B3 knows `b3: 0`. */
  Decision = 2,
  /** A trace. */
  Trace = 3,
}
