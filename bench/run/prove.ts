import type { Envoy } from "../../harness/index.ts";
import type { Arm, Evidence } from "../arms/arm.ts";
import { PROOF_PATH } from "../arms/request.ts";

/** Sends what an arm's evidence asks for. @throws Error that names the arm and what it did not do: a benchmark of nothing is fast */
export async function prove(envoy: Envoy, arm: Arm): Promise<void> {
  for (const evidence of arm.evidence) {
    const missing = await lacking(envoy, arm, evidence);
    if (missing.length > 0) throw new Error(`the arm ${arm.name} did not do its job: ${missing.join("; ")}`);
  }
}

async function lacking(
  envoy: Envoy,
  arm: Arm,
  { headers = {}, status = arm.status, answer = {}, stats = [] }: Evidence,
): Promise<string[]> {
  const before = await counted(envoy, stats);
  const own = arm.request.headers.filter(([name]) => !(name in headers));
  const path = arm.status === 200 ? PROOF_PATH : arm.request.path;
  // A bucket of one token is empty only after the first request.
  if (arm.status !== 200) await envoy.request({ listener: arm.name, path, headers: [...own, ...Object.entries(headers)] });
  const got = await envoy.request({ listener: arm.name, path, headers: [...own, ...Object.entries(headers)] });
  const missing = got.status === status ? [] : [`the status is ${got.status} instead of ${status}`];
  for (const [name, wanted] of Object.entries(answer)) {
    const values = got.headers.filter(([header]) => header === name).map(([, value]) => value);
    if (!values.some((value) => wanted.test(value))) missing.push(`${name} is ${JSON.stringify(values)}, not ${wanted}`);
  }
  const after = await counted(envoy, stats);
  return [...missing, ...stats.filter((_, i) => !((after[i] as number) > (before[i] as number))).map((stat) => `${stat} did not grow`)];
}

/** The sums of the counters that the patterns are about. */
function counted(envoy: Envoy, patterns: readonly string[]): Promise<number[]> {
  return Promise.all(patterns.map(async (pattern) => [...(await envoy.stats(pattern)).values()].reduce((sum, value) => sum + value, 0)));
}
