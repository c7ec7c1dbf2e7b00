import { type Counts, type Requests, between, successRate } from "./success-rate.ts";
import type { Weights } from "./weights.ts";

/** What a ramp does to the world. */
export interface RampWork {
  /** Resolves when the weights are in service. */
  set(weights: Weights): Promise<void>;
  /** Back to what was before the ramp. */
  restore(): Promise<void>;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** When it is taken back: of the requests of a step so few were answered without a 5xx. */
export interface Abort {
  /** From 0 to 1; the rate itself is enough. */
  below: number;
  counts(): Promise<Counts>;
}

export interface RampPlan {
  /** The weights of each step. */
  steps: readonly Weights[];
  /** How long each is kept: the last one only if somebody watches it. */
  each: number;
  abort?: Abort | undefined;
}

/** What happens on the way. */
export type RampEvent =
  | { type: "set"; step: number; weights: Weights }
  | { type: "watched"; step: number; requests: Requests; rate: number | undefined };

/** `stopped` by the signal: the weights are those of `step`, 0 being what was before. */
export type RampEnd = { end: "done" } | { end: "stopped"; step: number } | { end: "restored"; step: number; rate: number };

/** Goes through the steps. Requests count per step: from when its weights are in service until the next. */
export async function ramp(
  { steps, each, abort }: RampPlan,
  work: RampWork,
  signal: AbortSignal,
  tell: (event: RampEvent) => void,
): Promise<RampEnd> {
  for (const [index, weights] of steps.entries()) {
    const step = index + 1;
    if (signal.aborted) return { end: "stopped", step: index };
    await work.set(weights);
    tell({ type: "set", step, weights });
    if (abort === undefined && step === steps.length) break;
    const before = await abort?.counts();
    try {
      await work.sleep(each, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return { end: "stopped", step };
    }
    if (abort === undefined || before === undefined) continue;
    const requests = between(before, await abort.counts());
    const rate = successRate(requests);
    tell({ type: "watched", step, requests, rate });
    // A step without requests says nothing.
    if (rate === undefined || rate >= abort.below) continue;
    await work.restore();
    return { end: "restored", step, rate };
  }
  return { end: "done" };
}
