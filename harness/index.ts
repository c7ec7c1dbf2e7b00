/** The harness: a real Envoy in a test. Three layers that stand alone: provision, envoy with its upstreams, and `expect/` for vitest. */

// What runs a mesh stands on the parts of this folder, not on this page.
export * from "../mesh/run/index.ts";
export * from "./client/index.ts";
export { parseDuration } from "./duration.ts";
export * from "./envoy/index.ts";
export * from "./host/index.ts";
export * from "./identities/index.ts";
export * from "./load/index.ts";
export * from "./provision/index.ts";
export type { OpenTarget, Target, TargetOptions } from "./target.ts";
export * from "./tcp/index.ts";
export * from "./upstreams/index.ts";
