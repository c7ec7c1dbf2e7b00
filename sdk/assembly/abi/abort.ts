import { proxy_log } from "./imports";
import { LogLevel } from "./enums";

/**
 * What AssemblyScript calls on `throw`, a failed assertion or an index out of range: one critical log line with the place in the
 * source, then a trap. Without this override the module would import `env.abort`, which Envoy does not have.
 */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = (file ? file : "?") + ":" + line.toString() + ":" + column.toString() + ": " + (message ? message : "abort");
  const utf8 = String.UTF8.encode(text);
  proxy_log(LogLevel.Critical, changetype<usize>(utf8), utf8.byteLength);
  unreachable();
}
