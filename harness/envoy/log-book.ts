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

/** What is kept in memory; the file has everything. A test never gets there, an Envoy that runs for days does. */
const KEPT = 50_000;

/** Lines of a log, and those who wait for one. */
export class LogBook {
  readonly lines: string[] = [];
  private forgotten = 0;
  private readonly parsed: Omit<Logs, "mark"> = { envoy: [], wasm: [], other: [] };
  private readonly waiting = new Set<() => void>();
  private ended = false;

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

  /** Whoever waits looks again. */
  protected tell(): void {
    for (const look of [...this.waiting]) look();
  }

  /** Nothing more comes. */
  protected finish(): void {
    this.ended = true;
    this.tell();
  }

  protected addEnvoy(line: LogLine): void {
    push(this.parsed.envoy, line);
  }

  protected addWasm(line: WasmLogLine): void {
    push(this.parsed.wasm, line);
  }

  protected addOther(line: string): void {
    push(this.parsed.other, line);
  }

  /** Remembers the line as text. */
  protected keep(line: string): void {
    this.forgotten += push(this.lines, line);
  }

  private missing(pattern: RegExp | string, when: string): MeshscriptError {
    return new MeshscriptError(diagnostic("MS0409", `no log line matching ${String(pattern)} ${when}`, { notes: this.tail(10) }));
  }
}

/** A line as it is kept as text. */
export function textOf({ time, thread, level, component, message }: LogLine): string {
  return `[${time}][${thread}][${level}][${component}] ${oneLine(message.trimEnd())}`;
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
