import { FAMILIES } from "./families/index.ts";
import { type Result, shown } from "./run.ts";

export interface Row {
  family: number;
  title: string;
  inputs: number;
  judged: number;
  twins: number;
  bypasses: number;
  falseDenials: number;
}

/** A row for each family: `inputs` are different requests, `judged` how often one met a policy. */
export function rowsOf(results: readonly Result[]): Row[] {
  return Object.entries(FAMILIES).map(([number, title]) => {
    const own = results.filter((result) => result.case.family === Number(number));
    return {
      family: Number(number),
      title,
      inputs: new Set(own.map((result) => shown(result.case))).size,
      judged: own.length,
      twins: own.filter(({ twin }) => twin !== undefined).length,
      bypasses: own.filter(({ bypass }) => bypass).length,
      falseDenials: own.filter(({ twin }) => twin?.denied).length,
    };
  });
}

export function tableOf(rows: readonly Row[]): string {
  const head = ["family", "", "inputs", "judged", "twins", "bypasses", "false denials"];
  const lines = rows.map((row) => [row.family, row.title, row.inputs, row.judged, row.twins, row.bypasses, row.falseDenials].map(String));
  const sum = (pick: (row: Row) => number) => String(rows.reduce((total, row) => total + pick(row), 0));
  const total = ["all", "", ...(["inputs", "judged", "twins", "bypasses", "falseDenials"] as const).map((key) => sum((row) => row[key]))];
  const all = [head, ...lines, total];
  const widths = head.map((_, column) => Math.max(...all.map((line) => (line[column] ?? "").length)));
  return all
    .map((line) => line.map((cell, i) => (i === 1 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "))
    .join("\n");
}

/** What got through: the request, the policy's listener and what the upstream saw. */
export function bypassesOf(results: readonly Result[]): string[] {
  return results
    .filter(({ bypass }) => bypass)
    .map(({ case: one, seen, answer }) => {
      const reached = seen.map(({ method, target }) => `${method} ${target}`).join("; ") || `nothing, and answered ${answer.status}`;
      return `family ${one.family}, ${one.name}: ${one.policy}: ${shown(one)} -> ${reached}`;
    });
}

/** What was refused although it is allowed. */
export function falseDenialsOf(results: readonly Result[]): string[] {
  return results.flatMap(({ case: one, twin }) => {
    if (!twin?.denied || one.twin === undefined) return [];
    const request = shown({ protocol: one.protocol, request: one.twin });
    const reached = twin.seen.map(({ target }) => target).join("; ") || "nothing";
    return [`family ${one.family}, ${one.name}: ${one.twinPolicy ?? one.policy}: ${request} -> ${twin.answer.status}, ${reached}`];
  });
}
