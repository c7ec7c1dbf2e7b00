import { authz } from "./authz.ts";
import { faultInjection } from "./fault-injection.ts";
import { metrics } from "./metrics.ts";
import { mtls } from "./mtls.ts";
import { peerMetadata } from "./peer-metadata.ts";
import { ratelimit } from "./ratelimit.ts";
import type { TourStep } from "./step.ts";
import { tracing } from "./tracing.ts";

/** The whole tour, part by part. */
export const steps: readonly TourStep[] = [...tracing, ...mtls, ...authz, ...ratelimit, ...faultInjection, ...peerMetadata, ...metrics];
