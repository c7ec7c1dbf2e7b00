import { fileURLToPath } from "node:url";
import { builtModule } from "../../../test/support/build-once.ts";

/** The path of fault-injection.wasm, built from the sources as they are. */
export function faultInjectionModule(): Promise<string> {
  return builtModule("fault-injection", fileURLToPath(new URL("../assembly/index.ts", import.meta.url)), [
    "filters/fault-injection/assembly",
    "policy",
    "sdk/assembly",
  ]);
}
