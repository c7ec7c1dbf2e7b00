import { LogBook, textOf } from "../envoy/log-book.ts";
import type { VirtualClock } from "./clock.ts";

/** As Envoy writes them, by proxy-wasm's numbers. */
export const levels = ["trace", "debug", "info", "warning", "error", "critical"] as const;

export type Level = (typeof levels)[number];

/** What modules and the host log, in the form of Envoy's log; times are virtual. */
export class HostLogs extends LogBook {
  /** The lowest level that is kept, as a number: what `proxy_get_log_level` tells. */
  level: number = levels.indexOf("debug");

  /** @param components levels by component, as for Envoy: `wasm:info` */
  constructor(
    private readonly clock: VirtualClock,
    components = "",
  ) {
    super();
    const wanted = /(?:^|,)wasm:(\w+)/.exec(components)?.[1];
    if (wanted !== undefined) this.level = levelNumber(wanted);
    this.envoy("info", "main", "in-process host started");
  }

  wasm(level: Level, source: string, message: string, thread: number): void {
    if (levels.indexOf(level) < this.level) return;
    // A module's text is UTF-8; it was read byte by byte.
    const text = Buffer.from(message, "latin1").toString("utf8");
    const line = { ...this.head(thread), level, component: "wasm", location: "", source, message: text };
    this.addWasm(line);
    this.keep(textOf({ ...line, message: `wasm log${source === "" ? "" : ` ${source}`}: ${text}` }));
    this.tell();
  }

  envoy(level: string, component: string, message: string, thread = 0): void {
    const line = { ...this.head(thread), level, component, location: "", message };
    this.addEnvoy(line);
    this.keep(textOf(line));
    this.tell();
  }

  /** The host is stopped. */
  end(): void {
    this.finish();
  }

  private head(thread: number): { time: string; thread: number } {
    return { time: this.clock.text.iso.replace("T", " ").slice(0, 23), thread };
  }
}

/** @throws RangeError for a name that Envoy does not know */
export function levelNumber(name: string): number {
  const number = levels.findIndex((level) => level === name || (level === "warning" && name === "warn"));
  if (number < 0) throw new RangeError(`unknown log level ${name}; there are: ${levels.join(", ")}`);
  return number;
}
