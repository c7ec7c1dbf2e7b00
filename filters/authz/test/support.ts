import { fileURLToPath } from "node:url";
import { builtModule } from "../../../test/support/build-once.ts";

/** The path of authz.wasm, built from the sources as they are. */
export function authzModule(): Promise<string> {
  return builtModule("authz", fileURLToPath(new URL("../assembly/index.ts", import.meta.url)), [
    "filters/authz/assembly",
    "policy",
    "sdk/assembly",
  ]);
}
