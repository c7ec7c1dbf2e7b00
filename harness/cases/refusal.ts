import { type Diagnostic, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Cases } from "./case.ts";
import type { RunnableCase, Target } from "./target.ts";

/** The lines of modules in what the hosts tell about a refused configuration. */
const OF_MODULES = /wasm log[^:]*: (.*)$|^module [^:]*: \w+: (.*)$/;

/**
 * Opens a case. A configuration that the module refuses is a finding at its place in the file, or the very thing that the case expects.
 * @returns the target, or what does not hold: nothing when the case is over and passed.
 */
export async function openCase(
  cases: Cases,
  one: RunnableCase,
  open: () => Promise<Target>,
): Promise<{ target: Target } | { findings: Diagnostic[] }> {
  const { refused } = one;
  const name = JSON.stringify(one.name);
  try {
    const target = await open();
    if (refused === undefined) return { target };
    await target.close();
    const location = cases.locate([...one.place, "refused"]);
    return {
      findings: [diagnostic("MS0803", `${name}: refused ${JSON.stringify(refused)} expected, got a filter that serves`, { location })],
    };
  } catch (error) {
    if (!(error instanceof MeshscriptError) || error.code !== "MS0402") throw error;
    const said = saidBy(error);
    if (refused === undefined) {
      const message = `${name}: the module refuses its configuration${said[0] === undefined ? "" : `: ${said[0]}`}`;
      const location = cases.locate(one.chain[0]?.path ?? one.place);
      return { findings: [diagnostic("MS0807", message, { location, notes: said.length > 0 ? said.slice(1) : whole(error) })] };
    }
    if (said.some((line) => line.includes(refused))) return { findings: [] };
    const message = `${name}: refused ${JSON.stringify(refused)} expected, got ${said[0] === undefined ? "no line of the module" : JSON.stringify(said[0])}`;
    return { findings: [diagnostic("MS0803", message, { location: cases.locate([...one.place, "refused"]), notes: said.slice(1) })] };
  }
}

function saidBy(error: MeshscriptError): string[] {
  const lines = error.diagnostics.flatMap(({ notes }) => notes.flatMap((note) => note.split("\n")));
  const found = lines.flatMap((line) => {
    const match = OF_MODULES.exec(line);
    return match ? [match[1] ?? match[2] ?? ""] : [];
  });
  return [...new Set(found)];
}

function whole(error: MeshscriptError): string[] {
  return error.diagnostics.flatMap(({ code, message, notes }) => [`${code}: ${message}`, ...notes]);
}
