import { fileURLToPath } from "node:url";
import { builtModule } from "../../test/support/build-once.ts";

/** The path of the fixture module: every misuse and every facility of the SDK, behind one root each. */
export function fixtureModule(): Promise<string> {
  return builtModule("fixture", fileURLToPath(new URL("./fixture/index.ts", import.meta.url)), ["sdk/assembly", "sdk/test/fixture"]);
}
