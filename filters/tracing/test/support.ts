import { filterModule } from "../../../test/support/build-once.ts";

/** The path of tracing.wasm, built from the sources as they are. */
export function tracingModule(): Promise<string> {
  return filterModule("tracing");
}
