import { styleText } from "node:util";
import { unfolded } from "../../modules/index.ts";

const LINE = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[([\w.]+)\] (.*)$/s;
const WASM = /^wasm log ?(.*?): (.*)$/s;
const QUIET = new Set(["trace", "debug", "info"]);

/**
 * A line of envoy.log for the terminal: everything that modules say, of Envoy's own lines warnings and errors, or all with `verbose`. A backtrace,
 * which is one line there, is several.
 * Undefined for a line that is not shown.
 *
 * @example
 * logLine("[2026-11-22 13:41:28.023][26223][info][wasm] wasm log meshscript.tracing: [tracing #1] ready", { color: false, verbose: false })
 *   // "wasm  info     [tracing #1] ready"
 */
export function logLine(raw: string, { color, verbose }: { color: boolean; verbose: boolean }): string | undefined {
  const match = LINE.exec(raw);
  // Without Envoy's format: func-e, a crash, or a format of the user's.
  if (!match) return raw.startsWith("starting: ") ? undefined : raw;
  const [, level = "", component = "", message = ""] = match;
  const paint = (text: string) => (color && COLORS[level] ? styleText(COLORS[level], text, { validateStream: false }) : text);
  const wasm = component === "wasm" ? WASM.exec(message) : null;
  if (wasm) {
    const [, source = "", text = ""] = wasm;
    // Our SDK names filter and context by itself.
    return `wasm  ${paint(level.padEnd(8))} ${text.startsWith("[") ? text : `[${source}] ${text}`}`;
  }
  if (!verbose && QUIET.has(level)) return undefined;
  return `envoy ${paint(level.padEnd(8))} [${component}] ${unfolded(message).join("\n  ")}`;
}

const COLORS: Record<string, "yellow" | "red" | "dim"> = { warning: "yellow", error: "red", critical: "red", debug: "dim", trace: "dim" };

/** An access log entry of `meshscript run --filter`: the request, then what each filter left in filter state. */
export function requestLine(raw: string, filters: readonly string[]): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(raw) as Record<string, unknown>;
  } catch {
    return raw;
  }
  const { method = "-", path = "-", status = 0, duration = 0, details, flags } = entry;
  const why = flags !== undefined && flags !== "-" ? [`${String(flags)}${details === undefined ? "" : ` ${String(details)}`}`] : [];
  const states = filters.flatMap((name) => (typeof entry[name] === "string" && entry[name] !== "-" ? [`${name}: ${entry[name]}`] : []));
  return [`${String(method)} ${String(path)}`, `${String(status)} ${String(duration)} ms`, ...why, ...states].join("  ");
}
