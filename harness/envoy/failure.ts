import { type DiagnosticCode, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { oneLine } from "./log-book.ts";
import type { LogStream } from "./logs.ts";

/** An update: `Filesystem config update rejected: REASON`; `failure` when the file is no configuration at all. */
const REJECTED = /Filesystem config update (?:rejected|failure): (.*)$/s;
/** A start: ``error `REASON` initializing config '...'``; a validation: `error initializing configuration '...': REASON`. */
const NOT_STARTED = /error `(.*)` initializing config/s;
const NOT_VALID = /error initializing configuration '[^']*': (.*)$/s;

/** How Envoy's log begins a message. */
const BEGIN = /^\[\d{4}-\d\d-\d\d /;

/** Envoy's own words for why it refused a configuration, as far as these lines have them. */
export function reasonIn(lines: readonly string[]): string | undefined {
  const reasons = messagesIn(lines).flatMap((line) => (REJECTED.exec(line) ?? NOT_STARTED.exec(line) ?? NOT_VALID.exec(line))?.[1] ?? []);
  return reasons.length === 0 ? undefined : [...new Set(reasons.map(readable))].join("; ");
}

/** Messages of a log, those of several lines as one: protobuf's debug text comes as it is, and what is wrong with it in the last line. */
export function messagesIn(lines: readonly string[]): string[] {
  const found: string[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last === undefined || BEGIN.test(line) || !BEGIN.test(last)) found.push(line);
    else found[found.length - 1] = `${last}\n${line}`;
  }
  return found;
}

/** A line of a log for an error message: some of Envoy's carry a whole configuration. */
export function shortLine(line: string): string {
  return `  ${line.length > 400 ? `${line.slice(0, 400)} ... (${line.length} characters)` : line}`;
}

/** Without the marks and the random spaces by which protobuf keeps its debug text from being parsed. */
function readable(reason: string): string {
  return (
    reason
      .replace(/goo\.gle\/debug\w+/g, "")
      .replaceAll("\\n", " ")
      .replace(/\s+/g, " ")
      // Envoy repeats the whole configuration after some reasons: nobody reads that, and there can be secrets in it.
      .replace(/^.*: (Proto constraint validation failed)/s, "$1")
      .replace(/(Unable to parse JSON as proto \(.*?\)): \{.*$/s, "$1")
      .trim()
  );
}

export interface FailureContext {
  logs: LogStream;
  runDir: string;
  /** The user's file, or what was written to the run directory. */
  configPath: string;
  file?: string;
  /** Only lines from here on belong to this failure [0]. */
  from?: number;
}

/** The error for a start or an update that failed: reason, configuration, what the modules said, the last lines of the log. */
export function envoyFailure(code: DiagnosticCode, message: string, context: FailureContext): MeshscriptError {
  const { logs, runDir, configPath, file, from = 0 } = context;
  const said = logs.get().wasm.map(({ source, level, message: text }) => `module ${source}: ${level}: ${oneLine(text)}`);
  const tail = logs.since(from).slice(-30);
  const notes = [
    `configuration: ${configPath}`,
    // Each VM says the same: once is enough.
    ...[...new Set(said.slice(-20))].slice(-5),
    ...(tail.length > 0 ? ["the last lines of the log:", ...tail.map(shortLine)] : []),
    `whole log: ${runDir}/envoy.log`,
  ];
  return new MeshscriptError(diagnostic(code, message, { notes, ...(file ? { location: { file } } : {}) }));
}
