import { filterModule } from "../../../test/support/build-once.ts";

/** The path of canary.wasm, built from the sources as they are. */
export function canaryModule(): Promise<string> {
  return filterModule("canary");
}
