import { LogBook, textOf } from "../envoy/log-book.ts";
import type { VirtualClock } from "./clock.ts";

const levels = ["trace", "debug", "info", "warn", "error", "critical"];

/** What modules and the host log, in the form of Envoy's log; times are virtual. */
export class HostLogs extends LogBook {
  /** As `proxy_get_log_level` tells it. */
  readonly level: number;

  /** @param level the lowest level that is kept, `trace` to `critical` */
  constructor(
    private readonly clock: VirtualClock,
    level: string,
  ) {
    super();
    this.level = Math.max(0, levels.indexOf(level));
    this.envoy("info", "main", "in-process host started");
  }

  wasm(level: string, source: string, message: string, thread: number): void {
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
    return { time: this.clock.date.toISOString().replace("T", " ").slice(0, 23), thread };
  }
}
