import type { Arm } from "./arm.ts";
import type { Feature } from "./feature.ts";
import { request } from "./request.ts";

/** Several filters of ours in one module and one VM: what each shows of itself alone, it must show here. */
export function fused(name: string, wasm: string, parts: readonly Feature[]): Arm {
  const ways = parts.map((feature) => ({ name: feature.name, way: feature.scenarios.allow.ways.ours }));
  const config = { filters: ways.map(({ name, way }) => ({ name, config: way?.config })) };
  return {
    name,
    request,
    status: 200,
    evidence: ways.flatMap(({ way }) => way?.evidence ?? []),
    filters: [{ name: "mesh", wasm, config, vmId: `bench.${name}` }],
  };
}
