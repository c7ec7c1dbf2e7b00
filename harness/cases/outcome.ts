import { type Diagnostic, MeshscriptError } from "../../diagnostics/index.ts";
import { trapIn } from "../../modules/trap-log.ts";
import type { Cases } from "./case.ts";
import { openCase } from "./refusal.ts";
import { runCase } from "./run.ts";
import type { RunnableCase, Target } from "./target.ts";

/** Runs a case on a target of its own. @returns what does not hold; nothing when it passed */
export async function outcomeOf(cases: Cases, one: RunnableCase, open: () => Promise<Target>): Promise<Diagnostic[]> {
  const opened = await told(cases, one, () => openCase(cases, one, open));
  if (Array.isArray(opened)) return opened;
  if ("findings" in opened) return opened.findings;
  const { target } = opened;
  const findings = withTrap(await told(cases, one, () => runCase(cases, one, target)), target);
  const closed = await told(cases, one, async (): Promise<Diagnostic[]> => {
    await target.close();
    return [];
  });
  // What ended the host is told by the request that met it, too.
  return findings.length > 0 ? findings : closed;
}

/** A module that trapped: that is the reason, and what came of it only the consequence. */
function withTrap(findings: readonly Diagnostic[], target: Target): Diagnostic[] {
  const log = target.trap();
  const trap = log === undefined ? undefined : trapIn([log]);
  if (trap === undefined) return [...findings];
  // An assertion has said why before it trapped.
  const words = target.log().findLast(({ level }) => level === "critical")?.message;
  const notes = [`the filter trapped in ${trap.callback}: ${words ?? trap.reason}`, ...trap.frames];
  return findings.map((finding, i) => (i === findings.length - 1 ? { ...finding, notes: [...notes, ...finding.notes] } : finding));
}

/** What cannot be run at all is a finding about the case, in the words of the error. */
async function told<T>(cases: Cases, one: RunnableCase, work: () => Promise<T>): Promise<T | Diagnostic[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MeshscriptError)) throw error;
    const name = JSON.stringify(one.name);
    return error.diagnostics.map((each) =>
      each.location ? each : { ...each, message: `${name}: ${each.message}`, location: cases.locate(one.place) },
    );
  }
}
