/**
 * Our filters in the order in which they see a request: who decides about routes in front, who counts behind. What the others see and log is
 * what those in front have made of it.
 */
export const PARTS = ["canary", "peer-metadata", "tracing", "authz", "ratelimit", "fault-injection", "metrics"] as const;

/** Which of them a Filter may speak of: the canary is the routes' own matter. */
export const CONFIGURABLE = PARTS.filter((name) => name !== "canary");

/** What the mesh says itself of its filters, and no Filter may say otherwise. */
export const OWN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  "peer-metadata": ["direction", "workload"],
  authz: ["policies", "trustDomain"],
  metrics: ["reporter", "workload", "service", "peerMetadata"],
};
