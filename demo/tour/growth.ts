import type { StepRun } from "./step.ts";

/** By how much counters of a workload's sidecar grow meanwhile, in the order of their names; 0 for those that do not. */
export async function growth(
  step: StepRun,
  workload: string,
  pattern: string,
  meanwhile: () => Promise<void>,
): Promise<[string, number][]> {
  const sidecar = step.mesh.envoy(workload);
  const before = await sidecar.stats(pattern);
  await meanwhile();
  const after = await sidecar.stats(pattern);
  return [...after].sort(([a], [b]) => a.localeCompare(b)).map(([name, value]) => [name, value - (before.get(name) ?? 0)]);
}
