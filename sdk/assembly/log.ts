import { proxy_get_log_level, proxy_log } from "./abi/imports";
import { LogLevel } from "./abi/enums";
import { depth, epoch } from "./context/callback";

/**
 * Envoy's log, component `wasm`. Building a message costs more than Envoy's refusing it, so ask first:
 *
 * ```ts
 * if (log.enabled(LogLevel.Debug)) log.debug("kept " + id.toString());
 * ```
 */
export namespace log {
  let level: u32 = LogLevel.Info;
  let asked: u32 = 0;

  /** True when Envoy writes lines of this level. Asks Envoy at most once per callback, for the level can change at run time. */
  export function enabled(at: LogLevel): bool {
    // Outside of callbacks, while the module is set up, Envoy lets it log but not ask.
    if (depth == 0) return true;
    if (asked != epoch) {
      asked = epoch;
      proxy_get_log_level(changetype<usize>(cell));
      level = load<u32>(changetype<usize>(cell));
    }
    return <u32>at >= level;
  }

  export function trace(message: string): void {
    write(LogLevel.Trace, message);
  }

  export function debug(message: string): void {
    write(LogLevel.Debug, message);
  }

  export function info(message: string): void {
    write(LogLevel.Info, message);
  }

  export function warn(message: string): void {
    write(LogLevel.Warn, message);
  }

  export function error(message: string): void {
    write(LogLevel.Error, message);
  }

  export function critical(message: string): void {
    write(LogLevel.Critical, message);
  }

  function write(at: LogLevel, message: string): void {
    if (!enabled(at)) return;
    const utf8 = String.UTF8.encode(message);
    proxy_log(at, changetype<usize>(utf8), utf8.byteLength);
  }
}

const cell: StaticArray<u32> = new StaticArray<u32>(1);
