import type { Writable } from "node:stream";
import { LogBook, type LogLine, textOf } from "./log-book.ts";

export type { LogLine, Logs, WasmLogLine } from "./log-book.ts";

/** Like Envoy's default, with the message escaped as JSON: a module cannot forge a second line. */
export const LOG_FORMAT = "[%Y-%m-%d %T.%e][%t][%l][%n] [%g:%#] %j";
const LINE = /^\[([\d-]+ [\d:.]+)\]\[(\d+)\]\[(\w+)\]\[([\w.]+)\] \[([^\]]*)\] (.*)$/s;
const WASM = /^wasm log ?(.*?): (.*)$/s;

/** Takes Envoy's standard error apart, keeps the lines, and tells those who wait. */
export class LogStream extends LogBook {
  private rest = "";

  /** @param file where each line is also written, readable. */
  constructor(private readonly file: Writable) {
    super();
  }

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
    this.file.end();
    this.finish();
  }

  private add(raw: string): void {
    const match = LINE.exec(raw);
    if (!match) {
      if (raw === "") return;
      this.addOther(raw);
      this.keep(raw);
      return;
    }
    const [, time = "", thread = "", level = "", component = "", location = "", escaped = ""] = match;
    const line: LogLine = { time, thread: Number(thread), level, component, location, message: fromJson(escaped) };
    const wasm = component === "wasm" ? WASM.exec(line.message) : null;
    if (wasm) this.addWasm({ ...line, source: wasm[1] ?? "", message: wasm[2] ?? "" });
    else this.addEnvoy(line);
    // At level info Envoy starts with 60 lines that list its extensions; nobody looks for them in a log file.
    if (component === "main" && /^ {2}[\w. ]+: |^statically linked extensions:|^HTTP header map info:/.test(line.message)) return;
    this.keep(textOf(line));
  }

  protected override keep(line: string): void {
    super.keep(line);
    this.file.write(`${line}\n`);
  }
}

function fromJson(text: string): string {
  if (!text.includes("\\")) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
