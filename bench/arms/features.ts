import { authz } from "./authz.ts";
import { faultInjection } from "./fault-injection.ts";
import type { Feature } from "./feature.ts";
import { metrics } from "./metrics.ts";
import { ratelimit } from "./ratelimit.ts";
import { tracing } from "./tracing.ts";

/** In the order of a chain. */
export const features: readonly Feature[] = [tracing, authz, ratelimit, faultInjection, metrics];

/** The same on their allow paths, as parts of the fused module's configuration. */
export function partsOf(all: readonly Feature[]): { name: string; config: unknown }[] {
  return all.map(({ name, scenarios }) => ({ name, config: scenarios.allow.ways.ours?.config }));
}
