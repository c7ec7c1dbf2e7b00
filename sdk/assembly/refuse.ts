import { Status } from "./abi/enums";
import { log } from "./log";

/**
 * What the SDK refuses because Envoy 1.40 would crash, hang, or let something be smuggled. One of these per kind of misuse.
 */
export enum Misuse {
  ContinueResponseEarly = 0,
  AfterEnd = 1,
  BodyLength = 2,
  HeaderName = 3,
  HeaderValue = 4,
  TooManyHeaders = 5,
  ProtectedHeader = 6,
  StatusCode = 7,
  WrongContext = 8,
  StaleHeaders = 9,
}

const counts: StaticArray<u32> = new StaticArray<u32>(10);

/**
 * Refuses: one log line, and a status for the caller. The line comes at the 1st, 2nd, 4th, 8th ... time, so that a mistake made
 * on each request does not fill the disk.
 */
export function refuse(misuse: Misuse, what: string, status: Status = Status.BadArgument): Status {
  const count = counts[misuse] + 1;
  counts[misuse] = count;
  if ((count & (count - 1)) == 0) {
    log.error("refused: " + what + (count > 1 ? " (" + count.toString() + " times)" : ""));
  }
  return status;
}
