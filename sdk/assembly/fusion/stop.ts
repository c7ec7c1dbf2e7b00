/** What a part has stopped. */
export enum Phase {
  Headers = 0,
  Body = 1,
  Trailers = 2,
}

/** Where a direction of a stream stands that a part has stopped. */
export class Stop {
  phase: Phase = Phase.Headers;
  /** The part that stopped last; those behind it wait. */
  at: i32 = 0;
  /** The part for which Envoy holds the body; -1: none. */
  holder: i32 = -1;
  /** Bytes held that the parts in front of the holder have let through. */
  held: i32 = 0;
}
