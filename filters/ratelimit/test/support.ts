import { fileURLToPath } from "node:url";
import { builtModule } from "../../../test/support/build-once.ts";

/** The path of ratelimit.wasm, built from the sources as they are. */
export function ratelimitModule(): Promise<string> {
  return builtModule("ratelimit", fileURLToPath(new URL("../assembly/index.ts", import.meta.url)), [
    "filters/ratelimit/assembly",
    "policy",
    "sdk/assembly",
  ]);
}
