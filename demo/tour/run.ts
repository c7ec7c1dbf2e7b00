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
  const passed = results.filter((result) => result.ok);
  const failed = results.length - passed.length;
  const skipped = passed.filter((result) => result.skipped !== undefined).length;
  const ok = failed === 0 && results.length === steps.length;
  const summary = [
    `${passed.length - skipped} of ${steps.length} steps ok`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} FAILED`] : []),
  ].join(", ");
  print([paint(ok ? "green" : "red", summary)]);
  return { ok, steps: results };
}
