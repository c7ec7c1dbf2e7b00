import type { Mesh } from "../mesh.ts";
import type { Paint } from "../paint.ts";
import { steps } from "./index.ts";
import { viewStep } from "./report.ts";
import { type StepResult, runStep } from "./step.ts";

export interface TourResult {
  ok: boolean;
  steps: StepResult[];
}

export interface TourOptions {
  /** Gets a step's lines when it is done. */
  print: (lines: string[]) => void;
  paint: Paint;
  /** Ends the tour before its next step. */
  signal?: AbortSignal;
}

/** Goes through all steps, one after the other, whatever becomes of each. */
export async function runTour(mesh: Mesh, { print, paint, signal }: TourOptions): Promise<TourResult> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await runStep(step, mesh);
    // A step that was interrupted did not fail.
    if (signal?.aborted) break;
    results.push(result);
    print(viewStep(result, `${results.length}/${steps.length}`, paint));
  }
  const failed = results.filter(({ ok }) => !ok).length;
  const ok = failed === 0 && results.length === steps.length;
  const summary = `${results.length - failed} of ${steps.length} steps ok`;
  print([ok ? paint("green", summary) : paint("red", failed > 0 ? `${summary}, ${failed} FAILED` : summary)]);
  return { ok, steps: results };
}
