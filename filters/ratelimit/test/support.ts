import { filterModule } from "../../../test/support/build-once.ts";

/** The path of ratelimit.wasm, built from the sources as they are. */
export function ratelimitModule(): Promise<string> {
  return filterModule("ratelimit");
}
