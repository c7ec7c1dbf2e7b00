import { styleText } from "node:util";
import { seconds } from "../text.ts";
import type { CasesRun } from "./cases.ts";

/** What came of a change. */
export interface Outcome {
  /** Times in milliseconds, `live` since the file was saved; `none` when what runs is the same as before. */
  swap?: { compiled?: number; swapped?: number; live?: number } | "none";
  cases?: CasesRun;
  /** It did not come to that; what was there before goes on serving, `since` when there was something; `again` for what was shown the last time. */
  failed?: { what: Failing; since?: Date; again?: boolean };
  /** Its configuration has gone, or is empty. */
  unconfigured?: boolean;
}

/** What kept a change from service: there is no module, it does not take its configuration, or it does not get that far. */
export type Failing = "module" | "configuration" | "start";

const FAILING: Record<Failing, string> = { module: "no module", configuration: "configuration refused", start: "does not start" };

/**
 * A change on one line.
 *
 * @example
 * changeLine(["assembly/filter.ts"], { swap: { compiled: 172, swapped: 81, live: 310 }, cases }, false)
 *   // "assembly/filter.ts  live after 0.31 s (compiled in 0.17 s, swapped in 0.08 s)  7 of 7 cases passed"
 */
export function changeLine(files: readonly string[], { swap, cases, failed, unconfigured }: Outcome, color: boolean): string {
  const paint = (style: "green" | "red", text: string) => (color ? styleText(style, text, { validateStream: false }) : text);
  const [first = "", second, ...more] = files;
  const parts = [second === undefined ? first : more.length === 0 ? `${first}, ${second}` : `${first} and ${more.length + 1} more`];
  if (failed) {
    const goesOn = failed.since === undefined ? "waiting for a change" : `what was live at ${clock(failed.since)} goes on serving`;
    const what = unconfigured
      ? `${failed.what === "configuration" ? "refused to run" : FAILING[failed.what]} without configuration`
      : FAILING[failed.what];
    parts.push(`${paint("red", what)}${failed.again ? " as before" : ""}; ${goesOn}`);
  }
  if (swap === "none") parts.push("what runs is the same");
  else if (swap?.live !== undefined) {
    const steps = [
      ...(swap.compiled === undefined ? [] : [`compiled in ${seconds(swap.compiled)}`]),
      ...(swap.swapped === undefined ? [] : [`swapped in ${seconds(swap.swapped)}`]),
    ];
    parts.push(`${paint("green", `live after ${seconds(swap.live)}`)} (${steps.join(", ")})`);
  }
  if (unconfigured && !failed) parts.push("runs without configuration");
  if (cases) {
    const all = cases.passed + cases.failed;
    const repeated = cases.repeated === 0 ? "" : `, ${cases.repeated} as before`;
    const failed = cases.failed === 0 ? "" : ` (${cases.failed} failed${repeated})`;
    const text = `${cases.passed} of ${all} case${all === 1 ? "" : "s"} passed${failed}`;
    if (all > 0) parts.push(paint(cases.failed === 0 ? "green" : "red", text));
    else if (cases.findings.length > 0) parts.push(paint("red", "the cases cannot be read"));
  }
  if (parts.length === 1) parts.push("nothing to run");
  return parts.join("  ");
}

/** `14:03:07` */
export function clock(time: Date): string {
  return time.toTimeString().slice(0, 8);
}
