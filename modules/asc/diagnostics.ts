import { type Diagnostic, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import { sdkPaths } from "../callbacks.ts";
import type { CompileReply, RawDiagnostic, RawRange } from "./protocol.ts";

const ERROR = 3;
const WARNING = 2;
/** asc's "File '{0}' not found." */
const FILE_NOT_FOUND = 6054;

/** asc's numbers of what its parser finds: TypeScript's. */
const isSyntax = ({ code, category }: RawDiagnostic) => category === ERROR && code >= 1000 && code < 2000;

/**
 * What asc found wrong, as diagnostics with the place in the user's file. Notes and pedantry of asc are left out, and of a file's mistakes of
 * syntax all but the first: a bracket that is missing makes errors of everything behind it.
 */
export function fromCompiler(reply: CompileReply): Diagnostic[] {
  const fileOf = ({ range }: RawDiagnostic) => range?.file ?? range?.path;
  const firsts = new Set<string | undefined>();
  const found = reply.diagnostics.flatMap((raw) => {
    if (isSyntax(raw) && firsts.has(fileOf(raw))) return [];
    if (isSyntax(raw)) firsts.add(fileOf(raw));
    if (raw.code === FILE_NOT_FOUND && raw.message.includes(sdkPaths.prefix.slice(0, -1))) return [noSdk(raw)];
    if (raw.category === ERROR) return [diagnostic("MS0201", withCode(raw), details(raw))];
    if (raw.category === WARNING) return [diagnostic("MS0202", withCode(raw), details(raw))];
    return [];
  });
  // One missing package makes asc complain once per import.
  const unique = found.filter((d, i) => d.code !== "MS0204" || found.findIndex((other) => other.code === "MS0204") === i);
  if (reply.failure !== null && !unique.some((d) => d.level === "error")) unique.push(crash(reply.failure));
  return unique;
}

/** asc's text with its code, and with classes by their own name: `'Bytes | null'`, not `'~lib/proxy-wasm-assemblyscript-sdk/assembly/bytes/Bytes | null'`. */
function withCode(raw: RawDiagnostic): string {
  const text = raw.message.replace(/'[^']*'/g, (quoted) => quoted.replace(/(?:[~@\w.-]+\/)+([A-Z][\w$]*)/g, "$1"));
  return `${text.replace(/\.$/, "")} (AS${raw.code})`;
}

function noSdk(raw: RawDiagnostic): Diagnostic {
  const missing = /'(.*?)'/.exec(raw.message)?.[1] ?? "";
  return diagnostic("MS0204", `asc cannot find ${missing.replace(/^~lib\//, "")}`);
}

function crash(failure: string): Diagnostic {
  const lines = failure.split("\n");
  return diagnostic("MS0203", lines.length === 1 ? failure : "the AssemblyScript compiler crashed", {
    notes: lines.length === 1 ? [] : lines.slice(0, 30),
  });
}

function details(raw: RawDiagnostic): { location?: SourceLocation; notes?: string[] } {
  const location = raw.range ? locate(raw.range) : undefined;
  const related = raw.relatedRange ? locate(raw.relatedRange) : undefined;
  return {
    ...(location ? { location } : {}),
    ...(related
      ? { notes: [`see also ${[related.file, related.line, related.column].filter(Boolean).join(":")}: ${related.text ?? ""}`] }
      : {}),
  };
}

/** Offsets of asc as line and column counted from 1. A span over several lines is marked to the end of its first. */
function locate(range: RawRange): SourceLocation {
  const file = range.file ?? range.path;
  if (range.text === undefined) return { file };
  const before = range.text.slice(0, range.start);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = range.text.indexOf("\n", range.start);
  const text = range.text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replace(/\r$/, "");
  const column = range.start - lineStart + 1;
  return {
    file,
    line: before.split("\n").length,
    column,
    length: Math.max(1, Math.min(range.end - range.start, text.length - column + 1)),
    // A tab is one column here and eight on a terminal; the caret would miss its mark.
    text: text.replaceAll("\t", " "),
  };
}
