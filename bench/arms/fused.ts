import type { Arm } from "./arm.ts";
import type { Feature } from "./feature.ts";
import { partsOf } from "./features.ts";
import { request } from "./request.ts";

/** Several filters of ours in one module and one VM: what each shows of itself alone, it must show here. */
export function fused(name: string, wasm: string, parts: readonly Feature[]): Arm {
  return { ...common(name, parts), filters: [{ name: "mesh", wasm, config: { filters: partsOf(parts) }, vmId: `bench.${name}` }] };
}

/** The same module once for each filter, with that one alone in it: a VM each, but code that is compiled once, as that of the Rust arms is. */
export function apart(name: string, wasm: string, parts: readonly Feature[]): Arm {
  const filters = partsOf(parts).map((part) => ({
    name: part.name,
    wasm,
    config: { filters: [part] },
    vmId: `bench.${name}.${part.name}`,
  }));
  return { ...common(name, parts), filters };
}

function common(name: string, parts: readonly Feature[]): Omit<Arm, "filters"> {
  return { name, request, status: 200, evidence: parts.flatMap(({ scenarios }) => scenarios.allow.ways.ours?.evidence ?? []) };
}
