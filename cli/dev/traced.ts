import { type DebugModule, Symbolizer, type TracedModule, parseModule } from "../../modules/index.ts";

/** A module whose backtraces can be read. Most never trap, and reading one takes longer than handing it over: that waits for a trap. */
export function tracedOnDemand(file: string, { wasm, sourceMap }: DebugModule): TracedModule {
  let made: Symbolizer | undefined;
  return {
    file,
    get symbolizer() {
      made ??= new Symbolizer(parseModule(wasm), sourceMap);
      return made;
    },
  };
}
