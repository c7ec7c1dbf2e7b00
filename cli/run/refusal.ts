import { readFileSync } from "node:fs";
import { type Diagnostic, MeshscriptError, type SourceLocation, diagnostic } from "../../diagnostics/index.ts";
import type { TracedModule } from "../../modules/index.ts";
import { trapIn } from "../../modules/index.ts";
import { type Problem, problemsIn } from "../problems.ts";
import { configurationTrap, ownPlace } from "../traps.ts";
import type { ConfigSource } from "./options.ts";

/** How the harness notes what a module said, and how Envoy's own log has it. */
const SAID = /^\s*(?:module (\S*): (?:error|critical): |\[.*?\[(?:error|critical)\]\[wasm\] .*?wasm log ?(\S*?): )(.*)$/;
const NOT_CREATED = /Unable to create Wasm plugin (\S+?)(?:[:;]|$)/;

/** What is known besides the error. */
export interface Explaining {
  /** Where each filter's configuration was written, by the filter's name. */
  sources: ReadonlyMap<string, ConfigSource>;
  /** The modules whose traps can be told with their places in the source. */
  traced: readonly TracedModule[];
  cwd: string;
}

/**
 * A start that failed, for a person: when a module refused its configuration, that and nothing else, at its place in the file that holds it;
 * when it trapped meanwhile, where; when Envoy gave a reason, the reason without the log around it.
 */
export function explained(error: unknown, known: Explaining): unknown {
  if (!(error instanceof MeshscriptError) || error.code !== "MS0402") return error;
  return new MeshscriptError(
    error.diagnostics.flatMap((finding) => explain(finding, known)),
    { cause: error },
  );
}

interface Said {
  /** Of the filter. */
  name: string;
  text: string;
}

function explain(finding: Diagnostic, { sources, traced, cwd }: Explaining): Diagnostic[] {
  const said = finding.notes.flatMap((note): Said[] => {
    const [, noted, logged, text] = SAID.exec(note) ?? [];
    return text === undefined ? [] : [{ name: (noted ?? logged ?? "").replace(/^meshscript\./, ""), text }];
  });
  const refusals = new Map<string, Diagnostic>();
  for (const { name, text } of said) {
    const { problems, more } = problemsIn(text) ?? {};
    for (const problem of [...(problems ?? []), ...(more === undefined ? [] : [{ text: more, what: more }])]) {
      if (!refusals.has(problem.text)) refusals.set(problem.text, refusal(name, problem, sources.get(name), finding.location));
    }
  }
  if (refusals.size > 0) return [...refusals.values()];
  const trap = trapIn(wholeLog(finding), traced) ?? trapIn([finding.message], traced);
  if (trap) {
    const name = NOT_CREATED.exec(finding.message)?.[1] ?? said[0]?.name ?? "";
    return [
      configurationTrap(
        name || "a module",
        trap,
        said.map(({ text }) => text),
        ownPlace(trap, cwd),
      ),
    ];
  }
  // Other SDKs, or a line of the filter's own.
  if (said.length > 0) {
    const own = new Map(said.map(({ name, text }) => [text, { name, text: text.replace(/^\[[^\]]*\] /, "") }]));
    return [...own.values()].map(({ name, text }) => refusal(name, { text, what: text }, sources.get(name), finding.location));
  }
  const notes = finding.notes.filter((note) => /^(configuration|whole log): /.test(note));
  return [{ ...finding, notes: /no reason/.test(finding.message) ? finding.notes : notes }];
}

/** The lines of the run's log, where there is one: the notes have only the beginning of long lines. */
function wholeLog({ notes }: Diagnostic): readonly string[] {
  const file = notes.flatMap((note) => /^whole log: (.*)$/.exec(note)?.[1] ?? [])[0];
  if (file === undefined) return notes;
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return notes;
  }
}

function refusal(name: string, problem: Problem, source: ConfigSource | undefined, known: SourceLocation | undefined): Diagnostic {
  const who = `${name || "a module"} refused its configuration: `;
  const { at, field, what } = problem;
  if (!source || at === undefined) return diagnostic("MS0102", who + problem.text, known ? { location: known } : {});
  const location = { file: source.file, ...at, text: source.text.split("\n")[at.line - 1] ?? "" };
  return diagnostic("MS0102", `${who}${field === undefined ? "" : `${field}: `}${what}`, { location });
}
