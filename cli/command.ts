import type { exitCodes } from "../diagnostics/index.ts";

/** Where a command writes: process.stdout and process.stderr, or what a test gives. */
export interface Output {
  write(data: string | Uint8Array): unknown;
  isTTY?: boolean | undefined;
}

/** What a command reads: process.stdin, or what a test gives. */
export interface Input extends AsyncIterable<string | Uint8Array> {
  isTTY?: boolean | undefined;
}

/** What a command sees of the world. */
export interface Io {
  stdin: Input;
  stdout: Output;
  stderr: Output;
  env: Record<string, string | undefined>;
  cwd: string;
  /** SIGINT and SIGTERM; process in production. */
  signals: { on(name: NodeJS.Signals, listener: () => void): unknown; off(name: NodeJS.Signals, listener: () => void): unknown };
  /** Ends at once, for the second Ctrl-C. */
  exit(code: number): void;
}

/** A flag of the command table; from it come parsing, help, docs/cli.md and `--help --json`. */
export interface Flag {
  type: "boolean" | "string";
  short?: string;
  /** May be given several times. */
  multiple?: true;
  /** What stands for the value in help, e.g. `FILE`. */
  value?: string;
  /** In words, shown in brackets. */
  default?: string;
  choices?: readonly string[];
  description: string;
}

export type ExitName = keyof typeof exitCodes;

/** One command: `meshscript NAME`. */
export interface Command {
  name: string;
  /** One line, no full stop. */
  summary: string;
  /** Paragraphs below the examples. */
  description: readonly string[];
  /** What follows the name besides flags, e.g. `FILE.wasm...`; none when absent. */
  arguments?: { usage: string; min: number; max: number };
  /** What may follow `--`, e.g. `Envoy's flags`; nothing when absent. */
  rest?: string;
  /** Everything behind the name belongs to another program and is not looked at, but for a single `--help`: whose it is. */
  passThrough?: string;
  flags: Readonly<Record<string, Flag>>;
  examples: readonly { title: string; command: string }[];
  /** When it ends with which code, besides the codes that every command has. */
  exits: Partial<Record<ExitName, string>>;
  /** True for a command that stops by itself when `context.signal` is aborted. */
  stopsItself?: true;
  run(context: Context): Promise<number>;
}

/** What a command gets to work with. */
export interface Context {
  flags: Flags;
  positionals: readonly string[];
  /** What stood after `--`. */
  rest: readonly string[];
  json: boolean;
  io: Io;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  /** Data, on stdout. */
  print(text: string): void;
  /** Talk, on stderr. */
  say(text: string): void;
  /** The one object of `--json`, on stdout. */
  printJson(value: Record<string, unknown>): void;
  color: { stdout: boolean; stderr: boolean };
}

/** The values of flags by type, so that no command casts. */
export class Flags {
  constructor(private readonly values: ReadonlyMap<string, readonly string[]>) {}

  on(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string): string | undefined {
    return this.values.get(name)?.at(-1);
  }

  texts(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}
