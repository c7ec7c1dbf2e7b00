import { fileURLToPath } from "node:url";
import { builtModule } from "../../../test/support/build-once.ts";

/** The path of tracing.wasm, built from the sources as they are. */
export function tracingModule(): Promise<string> {
  return builtModule("tracing", fileURLToPath(new URL("../assembly/index.ts", import.meta.url)), [
    "filters/tracing/assembly",
    "policy",
    "sdk/assembly",
  ]);
}
