import { clock_time_get, proxy_get_current_time_nanoseconds, random_get } from "./abi/imports";
import { OUT } from "./abi/out";

/** Wall clock: nanoseconds since 1970, UTC. It may jump. */
export function wallNanoseconds(): u64 {
  proxy_get_current_time_nanoseconds(OUT);
  return load<u64>(OUT);
}

/**
 * Nanoseconds since boot, never back. For durations and deadlines. 0 when the host gives none (`clock_time_get` left out of
 * `capability_restriction_config`): a filter that lives by time should refuse its configuration then.
 */
export function monotonicNanoseconds(): u64 {
  return clock_time_get(1, 0, OUT) == 0 ? load<u64>(OUT) : 0;
}

/** Fills `length` bytes at `ptr` with random bytes of the host's, fit for seeds. False when the host gives none: the memory is as it was. */
export function randomBytes(ptr: usize, length: i32): bool {
  return random_get(ptr, length) == 0;
}
