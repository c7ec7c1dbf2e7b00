import type { CodeEntry } from "./code-entry.ts";
import { type DiagnosticCode, registry } from "./registry.ts";
import { withoutSecrets } from "./secrets.ts";

/** Where in a user's file: `line` and `column` count from 1; `text` is the whole line and `length` the number of columns to mark. */
export interface SourceLocation {
  file: string;
  line?: number;
  column?: number;
  length?: number;
  text?: string;
}

/** One finding. Folders return or throw these; only `cli/` prints them. */
export interface Diagnostic {
  code: DiagnosticCode;
  level: CodeEntry["level"];
  /** What is wrong, with the offending value in it. */
  message: string;
  location?: SourceLocation;
  /** Further lines: what was tried, the last lines of a log. */
  notes: string[];
  help: string;
}

/** Exit codes of the command line, after sysexits(3), istioctl and vitest. */
export const exitCodes = { ok: 0, test: 1, usage: 64, data: 65, environment: 69, internal: 70, findings: 79, interrupted: 130 } as const;

export interface DiagnosticDetails {
  location?: SourceLocation;
  notes?: string[];
  /** Overrides the registry's help where the moment allows a more exact one. */
  help?: string;
}

/** Makes a finding of a registered code. */
export function diagnostic(code: DiagnosticCode, message: string, details: DiagnosticDetails = {}): Diagnostic {
  const entry: CodeEntry = registry[code];
  return {
    code,
    level: entry.level,
    message,
    // Here, and not where it is shown: findings go to terminals, to JSON and into test reports.
    ...(details.location ? { location: withoutSecrets(details.location) } : {}),
    notes: details.notes ?? [],
    help: details.help ?? entry.help,
  };
}

/** An error that a user can act on: one or more diagnostics. `exitCode` follows from the first code's kind. */
export class MeshscriptError extends Error {
  override readonly name = "MeshscriptError";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: Diagnostic | readonly Diagnostic[], options?: ErrorOptions) {
    const list = "code" in diagnostics ? [diagnostics] : diagnostics;
    // The message carries everything, because a test runner prints only that.
    super(list.map((d) => [`${place(d.location)}${d.code}: ${d.message}`, ...d.notes, `help: ${d.help}`].join("\n")).join("\n\n"), options);
    this.diagnostics = list;
  }

  /** The code of the first finding. */
  get code(): DiagnosticCode | undefined {
    return this.diagnostics[0]?.code;
  }

  get exitCode(): number {
    const code = this.code;
    return code === undefined ? exitCodes.internal : exitCodes[(registry[code] as CodeEntry).kind];
  }
}

/** `file:line:column: `, as far as it is known. */
export function place(at: SourceLocation | undefined): string {
  return at ? `${[at.file, at.line, at.column].filter((part) => part !== undefined).join(":")}: ` : "";
}
