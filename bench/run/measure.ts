import { type Envoy, bootstrap, closedLoop, httpListener, openEnvoy } from "../../harness/index.ts";
import { seeded } from "../../test/support/seeded.ts";
import type { Arm } from "../arms/arm.ts";
import { routes } from "../arms/request.ts";
import { shuffled } from "../statistics/shuffle.ts";
import { prove } from "./prove.ts";
import { cpuOf, workerOf } from "./worker.ts";

/** How long and how often. */
export interface Plan {
  rounds: number;
  /** Of each arm in each round. */
  requests: number;
  /** Before the first round, until V8 has compiled what is hot. */
  warmUp: number;
  /** Of the order in each round. */
  seed: number;
}

const CONNECTIONS = 8;

/**
 * One Envoy with one worker and a listener for each arm. Every arm proves itself; then every round visits all of them once, in an order of its own.
 * @param says what is going on
 * @returns microseconds of the worker's CPU a request, by arm, one for each round
 */
export async function measure(arms: readonly Arm[], plan: Plan, says: (line: string) => void): Promise<Map<string, number[]>> {
  await using envoy = await openEnvoy({
    config: bootstrap({
      listeners: arms.map(({ name, filters = [], accessLog }) =>
        httpListener({ name, filters, routes, ...(accessLog ? { accessLog } : {}) }),
      ),
    }),
    componentLogLevel: "wasm:warn",
    startTimeout: 120_000,
  });
  for (const arm of arms) await prove(envoy, arm);
  says(`${arms.length} arms did their job`);
  const worker = workerOf(envoy);
  for (const arm of arms) await load(envoy, arm, plan.warmUp);
  const random = seeded(plan.seed);
  const times = new Map(arms.map(({ name }) => [name, [] as number[]]));
  for (let round = 1; round <= plan.rounds; round++) {
    for (const arm of shuffled(arms, random)) {
      const before = cpuOf(worker);
      await load(envoy, arm, plan.requests);
      times.get(arm.name)?.push((cpuOf(worker) - before) / plan.requests / 1_000);
    }
    says(`round ${round} of ${plan.rounds}`);
  }
  return times;
}

async function load(envoy: Envoy, { name, request, status }: Arm, requests: number): Promise<void> {
  const { path, headers } = request;
  const statuses = await closedLoop(envoy.address(name), { requests, headers, path, connections: CONNECTIONS });
  // The first request of a bucket with one token is admitted.
  const others = requests - (statuses.get(status) ?? 0);
  if (others > 0) throw new Error(`${name}: ${JSON.stringify([...statuses])} instead of ${status}`);
}
