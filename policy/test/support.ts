import { fileURLToPath } from "node:url";
import { builtModule } from "../../test/support/build-once.ts";

/** The path of the fixture module, which answers with the values of each request. */
export function fixtureModule(): Promise<string> {
  return builtModule("values", fileURLToPath(new URL("./fixture/index.ts", import.meta.url)), [
    "policy/assembly",
    "policy/test/fixture",
    "sdk/assembly",
  ]);
}
