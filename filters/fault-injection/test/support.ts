import { filterModule } from "../../../test/support/build-once.ts";

/** The path of fault-injection.wasm, built from the sources as they are. */
export function faultInjectionModule(): Promise<string> {
  return filterModule("fault-injection");
}
