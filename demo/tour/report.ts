import type { Paint } from "../paint.ts";
import { viewTrace } from "../trace-view.ts";
import type { StepResult } from "./step.ts";

/** Failed checks per step, and characters of each, that a person gets to see. */
const SHOWN = 5;
const LONGEST = 160;

/** A step's result as lines: the claim, what was sent, what was seen, and the verdict. */
export function viewStep(result: StepResult, number: string, paint: Paint): string[] {
  const { part, claim, sent, seen, checks } = result;
  const failed = checks.filter((check) => !check.ok);
  const count = `${checks.length} ${checks.length === 1 ? "check" : "checks"}`;
  return [
    `${paint("bold", `${number} ${part}:`)} ${paint("bold", claim)}`,
    ...tagged("sent", collapse(sent), paint),
    ...seen.flatMap((one) =>
      "text" in one ? tagged("saw", [one.text], paint) : ["", ...viewTrace(one.trace, paint).map((line) => `  ${line}`), ""],
    ),
    ...failed
      .slice(0, SHOWN)
      .map(({ what, detail }) => `  ${paint("red", "not ok")}  ${short(detail === undefined ? what : `${what}: ${detail}`)}`),
    ...(failed.length > SHOWN ? [`          and ${failed.length - SHOWN} more: see --json`] : []),
    `  ${verdict(result, count, paint)}`,
    "",
  ];
}

function verdict({ ok, skipped, checks }: StepResult, count: string, paint: Paint): string {
  if (!ok) return `${paint("red", paint("bold", "FAILED"))}  ${checks.filter((check) => !check.ok).length} of ${count}`;
  return skipped === undefined ? `${paint("green", "ok")}  ${count}` : `${paint("dim", "skipped")}  ${skipped}`;
}

function short(text: string): string {
  const [line = ""] = text.split("\n");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)} ...` : line;
}

function tagged(tag: string, texts: readonly string[], paint: Paint): string[] {
  return texts.flatMap((text) => text.split("\n").map((line, i) => `  ${paint("dim", (i === 0 ? tag : "").padEnd(4))}  ${line}`));
}

/** The same request several times as one line. */
function collapse(sent: readonly string[]): string[] {
  return [...new Set(sent)].map((text) => {
    const times = sent.filter((other) => other === text).length;
    return times > 1 ? `${text}  (${times} times)` : text;
  });
}
