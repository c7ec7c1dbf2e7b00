import { builtModule } from "../../test/support/build-once.ts";

/** The path of mesh.wasm, built from the sources as they are. */
export function meshModule(): Promise<string> {
  const filters = ["authz", "canary", "fault-injection", "metrics", "peer-metadata", "ratelimit", "tracing"];
  return builtModule("mesh", "fused/assembly/index.ts", [
    "fused/assembly",
    ...filters.map((name) => `filters/${name}/assembly`),
    "policy",
    "sdk/assembly",
  ]);
}
