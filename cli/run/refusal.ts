import { type Diagnostic, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";

/** How the harness notes what a module said, and how Envoy's own log has it. */
const SAID = /^\s*(?:module (\S*): (?:error|critical): |\[.*?\[(?:error|critical)\]\[wasm\] .*?wasm log ?(\S*?): )(.*)$/;

/**
 * A start that failed, for a person: when a module refused its configuration, that and nothing else; when Envoy gave a reason, the reason
 * without the log around it.
 */
export function explained(error: unknown): unknown {
  if (!(error instanceof MeshscriptError) || error.code !== "MS0402") return error;
  return new MeshscriptError(error.diagnostics.flatMap(explain), { cause: error });
}

function explain(finding: Diagnostic): Diagnostic[] {
  const location = finding.location ? { location: finding.location } : {};
  const refusals = finding.notes.flatMap((note) => {
    const match = SAID.exec(note);
    if (!match) return [];
    const name = (match[1] ?? match[2] ?? "").replace(/^meshscript\./, "");
    const text = (match[3] ?? "").replace(/^\[[^\]]*\] /, "").replace(/^configuration refused: /, "");
    return [`${name || "a module"} refused its configuration: ${text}`];
  });
  if (refusals.length > 0) return [...new Set(refusals)].map((message) => diagnostic("MS0102", message, location));
  const notes = finding.notes.filter((note) => /^(configuration|whole log): /.test(note));
  return [{ ...finding, notes: /no reason/.test(finding.message) ? finding.notes : notes }];
}
