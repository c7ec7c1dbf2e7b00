/** One thing that a module has against its configuration, as the SDK's reader words it. */
export interface Problem {
  /** Whole, as it was logged. */
  text: string;
  /** What the reader names: the field, or nothing of its own for the whole. */
  field?: string;
  /** In the JSON: lines from 1, columns in characters. Undefined when the reader tells no place. */
  at?: { line: number; column: number };
  /** What must be; the whole text when there is no place. */
  what: string;
}

const REFUSED = /^(?:\[[^\]]*\] )?configuration refused: (.*)$/s;
/** The reader joins its problems with "; ". */
const BETWEEN = /; (?=and \d+ more$|[^;]* \(line \d+, column \d+\): )/;
const PROBLEM = /^(?:(.*) \()?line (\d+), column (\d+)\)?: (.*)$/s;

/** The problems in what a module has logged, and how many it has besides ("and 2 more"); undefined for any other line. */
export function problemsIn(said: string): { problems: Problem[]; more?: string } | undefined {
  const text = REFUSED.exec(said)?.[1];
  if (text === undefined) return undefined;
  const parts = text.split(BETWEEN);
  const more = /^and \d+ more$/.test(parts.at(-1) ?? "") ? parts.pop() : undefined;
  return { problems: parts.map(problem), ...(more === undefined ? {} : { more }) };
}

function problem(text: string): Problem {
  const [, field, line, column, what = text] = PROBLEM.exec(text) ?? [];
  const at = line === undefined ? {} : { at: { line: Number(line), column: Number(column) } };
  return { text, ...(field === undefined ? {} : { field }), ...at, what };
}
