import type { TourStep } from "./step.ts";
import { tracing } from "./tracing.ts";

/** The whole tour, filter by filter. */
export const steps: readonly TourStep[] = [...tracing];
