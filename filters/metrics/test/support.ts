import { fileURLToPath } from "node:url";
import { builtModule } from "../../../test/support/build-once.ts";

/** The path of metrics.wasm, built from the sources as they are. */
export function metricsModule(): Promise<string> {
  return builtModule("metrics", fileURLToPath(new URL("../assembly/index.ts", import.meta.url)), [
    "filters/metrics/assembly",
    "policy",
    "sdk/assembly",
  ]);
}
