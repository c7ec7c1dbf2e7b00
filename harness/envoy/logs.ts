import type { Writable } from "node:stream";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/** One line of Envoy's log. */
export interface LogLine {
  /** As Envoy wrote it, local time with milliseconds. */
  time: string;
  thread: number;
  level: string;
  /** Envoy's logger: `main`, `http`, `wasm`, ... */
  component: string;
  /** Envoy's source file and line. */
  location: string;
  message: string;
}

/** A line that a module wrote. */
export interface WasmLogLine extends LogLine {
  /** What Envoy puts in front: plugin name, root id or vm_id, as far as it knows them at that moment. */
  source: string;
  /** Only what the module wrote. */
  message: string;
}

export interface Logs {
  /** Envoy's own lines. */
  envoy: LogLine[];
  /** The lines of modules. */
  wasm: WasmLogLine[];
  /** What was written without Envoy's format: by func-e, by a crash, before the logger was set up. */
  other: string[];
  /** How many lines there are: pass it to `waitForLog` as `from` to hear only what comes later. */
  mark: number;
}

/** Like Envoy's default, with the message escaped as JSON: a module cannot forge a second line. */
export const LOG_FORMAT = "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %j";
const LINE = /^\[([\d-]+ [\d:.]+)\]\[(\d+)\]\[(\w+)\]\[([\w.]+)\] \[([^\]]*)\] (.*)$/s;
const WASM = /^wasm log ?(.*?): (.*)$/s;

/** What is kept in memory; the file has everything. A test never gets there, an Envoy that runs for days does. */
const KEPT = 50_000;

/** Takes Envoy's standard error apart, keeps the lines, and tells those who wait. */
export class LogStream {
  readonly lines: string[] = [];
  private forgotten = 0;
  private readonly parsed: Omit<Logs, "mark"> = { envoy: [], wasm: [], other: [] };
  private rest = "";
  private readonly waiting = new Set<() => void>();
  private ended = false;

  /** @param file where each line is also written, readable. */
  constructor(private readonly file: Writable) {}

  push(text: string): void {
    const pieces = (this.rest + text).split("\n");
    this.rest = pieces.pop() ?? "";
    for (const piece of pieces) this.add(piece);
    if (pieces.length > 0) this.tell();
  }

  /** The process is gone. */
  end(): void {
    if (this.rest !== "") this.add(this.rest);
    this.rest = "";
    this.ended = true;
    this.file.end();
    this.tell();
  }

  get(): Logs {
    const { envoy, wasm, other } = this.parsed;
    return { envoy: [...envoy], wasm: [...wasm], other: [...other], mark: this.mark };
  }

  /** How many lines have come. */
  get mark(): number {
    return this.forgotten + this.lines.length;
  }

  /** The lines after a mark, as far as they are kept. */
  since(mark: number): string[] {
    return this.lines.slice(Math.max(0, mark - this.forgotten));
  }

  /** The last lines, as in the file. */
  tail(count = 30): string[] {
    return this.lines.slice(-count);
  }

  /**
   * The first line, in `logs()` since `from`, whose text (message of a module, or the whole line) matches.
   *
   * @throws MeshscriptError MS0409 after `timeout` milliseconds, or at once when Envoy has ended.
   */
  waitFor(pattern: RegExp | string, { timeout = 5_000, from = 0 }: { timeout?: number; from?: number } = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      let seen = from;
      const look = () => {
        const fresh = this.since(seen);
        seen = this.mark;
        for (const line of fresh) {
          if (typeof pattern === "string" ? line.includes(pattern) : matches(pattern, line)) return settle(() => resolve(line));
        }
        if (this.ended) settle(() => reject(this.missing(pattern, "before Envoy ended")));
      };
      const timer = setTimeout(() => settle(() => reject(this.missing(pattern, `within ${timeout} ms`))), timeout);
      const settle = (done: () => void) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        done();
      };
      this.waiting.add(look);
      look();
    });
  }

  private missing(pattern: RegExp | string, when: string): MeshscriptError {
    return new MeshscriptError(diagnostic("MS0409", `no log line matching ${String(pattern)} ${when}`, { notes: this.tail(10) }));
  }

  private tell(): void {
    for (const look of [...this.waiting]) look();
  }

  private add(raw: string): void {
    const match = LINE.exec(raw);
    if (!match) {
      if (raw === "") return;
      push(this.parsed.other, raw);
      this.keep(raw);
      return;
    }
    const [, time = "", thread = "", level = "", component = "", location = "", escaped = ""] = match;
    const line: LogLine = { time, thread: Number(thread), level, component, location, message: fromJson(escaped) };
    const wasm = component === "wasm" ? WASM.exec(line.message) : null;
    if (wasm) push(this.parsed.wasm, { ...line, source: wasm[1] ?? "", message: wasm[2] ?? "" });
    else push(this.parsed.envoy, line);
    // At level info Envoy starts with 60 lines that list its extensions; nobody looks for them in a log file.
    if (component === "main" && /^ {2}[\w. ]+: |^statically linked extensions:|^HTTP header map info:/.test(line.message)) return;
    this.keep(`[${time}][${thread}][${level}][${component}] ${oneLine(line.message.trimEnd())}`);
  }

  private keep(line: string): void {
    this.forgotten += push(this.lines, line);
    this.file.write(`${line}\n`);
  }
}

/** Adds to a list, whose older half goes when it is full; returns how many went. */
function push<T>(list: T[], item: T): number {
  list.push(item);
  return list.length > KEPT ? list.splice(0, KEPT / 2).length : 0;
}

/** Control characters made visible: what a module logs cannot look like a line of Envoy's. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about -- they come from modules
  return text.replace(/[\x00-\x1f\x7f]/g, (control) =>
    control === "\n" ? "\\n" : `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function matches(pattern: RegExp, line: string): boolean {
  // A global pattern would remember where it stopped.
  pattern.lastIndex = 0;
  return pattern.test(line);
}

function fromJson(text: string): string {
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
