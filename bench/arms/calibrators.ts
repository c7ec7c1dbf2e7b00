import type { Arm } from "./arm.ts";
import { request } from "./request.ts";

/** The module's own names: bench/calibrator/assembly/host-calls.ts. */
export const CALLS = [
  "get_header_map_value, present",
  "get_header_map_value, absent",
  "get_header_map_pairs, all",
  "replace_header_map_value",
  "get_property, present",
  "get_property, absent",
  "set_property, new",
  "get_shared_data, 8 bytes",
  "get_shared_data, 448 bytes",
  "get + set_shared_data (CAS), 8 bytes",
  "get + set_shared_data (CAS), 448 bytes",
  "increment_metric",
  "record_metric",
  "get_current_time_nanoseconds",
  "clock_time_get",
  "get_log_level",
  "proxy_log, below the level",
  "none, but a cache line of memory",
  "none, but a page of memory",
] as const;

export const EMPTY = "ours/empty";
/** As empty, with the callbacks for the response's headers, the log and the end. */
export const CALLBACKS = "calibrator/callbacks";
export const MORE_CALLBACKS = 3;

/** The first call of a kind in a request runs code that is not in the processor's caches. */
export const TIMES = [1, 64] as const;
export const NO_CALLS = "calibrator/none x 0";
export const nameOf = (call: string, times: number): string => `calibrator/${call} x ${times}`;

/** One module that makes one host call none, one and many times a request. All in one VM: none of them leaves anything there. */
export function calibrators(wasm: string, times: readonly number[] = TIMES): Arm[] {
  const arm = (name: string, config: object): Arm => ({
    name,
    request,
    status: 200,
    evidence: [{}],
    filters: [{ name: "calibrator", wasm, config, vmId: "bench.calibrator" }],
  });
  return [arm(NO_CALLS, { call: "none" }), ...CALLS.flatMap((call) => times.map((each) => arm(nameOf(call, each), { call, times: each })))];
}
