import { Bytes } from "./bytes";
import { Parsed, parseDuration } from "./json/number";

/** Nanoseconds of a duration as `"250ms"`, `"1.5s"` or `"1h30m"` (units ns, us, ms, s, m, h); -1 when it is none. For what is not in the configuration: there `JsonObject.duration` reads it. */
export function durationNanoseconds(text: Bytes): i64 {
  return parseDuration(text) ? Parsed.value : -1;
}
