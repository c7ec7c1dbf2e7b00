import { meshModule } from "../../fused/test/support.ts";
import type { FilterSpec } from "../../harness/index.ts";
import { filterModule } from "../../test/support/build-once.ts";
import { features, partsOf } from "../arms/features.ts";

/** A chain whose modules must not grow. */
export interface Soak {
  title: string;
  filters: FilterSpec[];
  /** As their metrics say them. */
  modules: string[];
}

/** Every module in a chain, and the fused one, which has parts of the same names and so needs an Envoy of its own. */
export async function soaks(): Promise<Soak[]> {
  const parts = [{ name: "peer-metadata", config: { direction: "inbound" } }, ...partsOf(features)];
  const modules = parts.map(({ name }) => name.replaceAll("-", "_"));
  const separate = parts.map(async ({ name, config }) => {
    const wasm = await filterModule(name);
    return { name, wasm, config } as FilterSpec;
  });
  const fused = { name: "mesh", wasm: await meshModule(), config: { filters: parts } } as FilterSpec;
  return [
    { title: "a chain of modules", filters: await Promise.all(separate), modules },
    { title: "the fused module", filters: [fused], modules },
  ];
}
