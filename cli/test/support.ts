import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Output } from "../../test/support/output.ts";
import { main } from "../main.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Running {
  done: Promise<Ran>;
  signals: EventEmitter;
  /** Exit codes that the second Ctrl-C asked for. */
  exits: number[];
  /** Resolves when stdout or stderr so far matches. */
  saw(pattern: RegExp): Promise<RegExpExecArray>;
  /** The first match on stderr behind a place in it, and where it ends. */
  sawBehind(from: number, pattern: RegExp): Promise<{ match: string; end: number }>;
}

export interface Setting {
  env?: Record<string, string>;
  cwd?: string;
  isTTY?: boolean;
  /** What is on standard input, piece by piece [nothing]. */
  stdin?: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;
}

/** Starts the command line from source in this process, with streams and signals of its own. */
export function start(argv: readonly string[], { env = {}, cwd = root, isTTY = false, stdin = [] }: Setting = {}): Running {
  const output = new Output({ of: `meshscript ${argv.join(" ")}` });
  const stream = (name: "stdout" | "stderr") => ({
    isTTY,
    write: (chunk: string | Uint8Array) => output.add(name, typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()),
  });
  const signals = new EventEmitter();
  const exits: number[] = [];
  const base = { ...process.env, NO_COLOR: "1", ...env };
  const input = Object.assign(Readable.from(stdin, { objectMode: true }), { isTTY });
  const io = {
    stdin: input,
    stdout: stream("stdout"),
    stderr: stream("stderr"),
    env: base,
    cwd,
    signals,
    exit: (code: number) => void exits.push(code),
  };
  const done = main(argv, io).then((code) => {
    output.end();
    return { code, stdout: output.stdout, stderr: output.stderr };
  });
  const saw = (pattern: RegExp) => output.when(pattern, () => pattern.exec(output.stdout) ?? pattern.exec(output.stderr));
  const sawBehind = (from: number, pattern: RegExp) =>
    output.when(pattern, () => {
      const match = pattern.exec(output.stderr.slice(from));
      return match && { match: match[0], end: from + match.index + match[0].length };
    });
  return { done, signals, exits, saw, sawBehind };
}

export function cli(argv: readonly string[], setting?: Setting): Promise<Ran> {
  return start(argv, setting).done;
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    // Whoever inherits a process whose parent was killed may be slow to collect it: a zombie has ended.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux"; // no /proc: what kill said counts
  }
}
