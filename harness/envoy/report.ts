import type { AccessLogEntry } from "./access-log.ts";

/** The part of an Envoy that a report is made of. */
export interface Reportable {
  readonly runDir: string;
  logTail(count?: number): string[];
  accessLog(): AccessLogEntry[];
  stats(filter?: string): Promise<Map<string, number>>;
}

/** Logs, access log and counters of an Envoy as text for a person. Never rejects: it is called when something is wrong already. */
export async function makeReport(envoy: Reportable): Promise<string> {
  const stats = await envoy.stats("^(http|cluster|wasm|wasmcustom|listener_manager)\\.").catch(() => new Map<string, number>());
  const counters = [...stats].filter(([name, value]) => value !== 0 && !/version|update_time|_bucket/.test(name));
  return [
    `Envoy in ${envoy.runDir}`,
    section("log", envoy.logTail(40)),
    section(
      "access log",
      envoy
        .accessLog()
        .slice(-10)
        .map((entry) => JSON.stringify(entry)),
    ),
    section(
      "counters and gauges that are not zero",
      counters.map(([name, value]) => `${name}: ${value}`),
    ),
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string {
  return [`-- ${title}${lines.length === 0 ? ": none" : ""}`, ...lines.map((line) => `   ${line}`)].join("\n");
}
