import { type Diagnostic, MeshscriptError, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import type { ConfigSource } from "./options.ts";

/** How the harness notes what a module said, and how Envoy's own log has it. */
const SAID = /^\s*(?:module (\S*): (?:error|critical): |\[.*?\[(?:error|critical)\]\[wasm\] .*?wasm log ?(\S*?): )(.*)$/;

/** One problem as the SDK's reader words it. */
const PROBLEM = /^(.*) \(line (\d+), column (\d+)\): (.*)$/s;

/**
 * A start that failed, for a person: when a module refused its configuration, that and nothing else, at its place in the file that holds it;
 * when Envoy gave a reason, the reason without the log around it.
 */
export function explained(error: unknown, sources: ReadonlyMap<string, ConfigSource>): unknown {
  if (!(error instanceof MeshscriptError) || error.code !== "MS0402") return error;
  return new MeshscriptError(
    error.diagnostics.flatMap((finding) => explain(finding, sources)),
    { cause: error },
  );
}

function explain(finding: Diagnostic, sources: ReadonlyMap<string, ConfigSource>): Diagnostic[] {
  const refusals = new Map<string, Diagnostic>();
  for (const note of finding.notes) {
    const match = SAID.exec(note);
    if (!match) continue;
    const name = (match[1] ?? match[2] ?? "").replace(/^meshscript\./, "");
    const text = (match[3] ?? "").replace(/^\[[^\]]*\] /, "").replace(/^configuration refused: /, "");
    // The reader joins its problems with "; ".
    for (const problem of text.split(/; (?=and \d+ more$|[^;]* \(line \d+, column \d+\): )/)) {
      if (!refusals.has(problem)) refusals.set(problem, refusal(name, problem, sources.get(name), finding.location));
    }
  }
  if (refusals.size > 0) return [...refusals.values()];
  const notes = finding.notes.filter((note) => /^(configuration|whole log): /.test(note));
  return [{ ...finding, notes: /no reason/.test(finding.message) ? finding.notes : notes }];
}

function refusal(name: string, problem: string, source: ConfigSource | undefined, known: SourceLocation | undefined): Diagnostic {
  const [, path, line, column, text] = PROBLEM.exec(problem) ?? [];
  const who = `${name || "a module"} refused its configuration: `;
  if (!source || path === undefined) return diagnostic("MS0102", who + problem, known ? { location: known } : {});
  const location = { file: source.file, line: Number(line), column: Number(column), text: source.text.split("\n")[Number(line) - 1] ?? "" };
  return diagnostic("MS0102", `${who}${path}: ${text}`, { location });
}
