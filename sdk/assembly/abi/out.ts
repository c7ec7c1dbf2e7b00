import { Bytes, EMPTY } from "../bytes";
import { Status } from "./enums";

/**
 * Where host calls write what they return: an address, a length, a number. One block for the whole module, read at once after the
 * call. Always zeroed first, because on a failure the host leaves it as it was.
 */
const block: usize = memory.data(32, 8);

/** For the address, or a 64-bit number. */
// @ts-ignore: decorator
@inline export const OUT: usize = block;
/** For the length. */
// @ts-ignore: decorator
@inline export const OUT_LENGTH: usize = block + 8;
/** For a third result. */
// @ts-ignore: decorator
@inline export const OUT_EXTRA: usize = block + 16;

// @ts-ignore: decorator
@inline export function clearOut(): void {
  store<u64>(block, 0);
  store<u64>(block, 0, 8);
  store<u64>(block, 0, 16);
}

/** What the last call returned, borrowed. */
export function outBytes(): Bytes {
  const length = load<i32>(OUT_LENGTH);
  return length == 0 ? EMPTY : Bytes.borrow(load<usize>(OUT), length);
}

/** The status of the host call that ran last in this VM, for readers that return null. */
export let lastStatus: Status = Status.Ok;

// @ts-ignore: decorator
@inline export function setLastStatus(status: u32): Status {
  lastStatus = <Status>status;
  return <Status>status;
}
