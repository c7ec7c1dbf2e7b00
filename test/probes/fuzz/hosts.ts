import { setTimeout as sleep } from "node:timers/promises";
import { probeId } from "../chain.ts";
import { run } from "../run.ts";
import { crashTarget } from "../targets/host.ts";
import { sharedEnvoy } from "../targets/open.ts";
import type { Open, Probe, Target } from "../types.ts";
import { type Settle, probeOf } from "./probe.ts";
import type { FuzzCase } from "./types.ts";

/** What became of a case on one host. */
export interface Outcome {
  /** Lines, client, upstream, access log; for a host that ended, why. */
  text: string;
  crashed: boolean;
}

const topic = "fuzz";

/** On the in-process host, which says MS0701 where Envoy would have crashed. */
export async function onHost(one: FuzzCase, id: string): Promise<Outcome> {
  const problems: unknown[] = [];
  let looks = 0;
  // A tick that nothing stops would go on for ever.
  const settle: Settle = (target) => target.wait(() => ++looks > 500).catch(() => undefined);
  const open: Open = async (probe, name) => {
    const target = await crashTarget(probe, name);
    return {
      ...target,
      request(request) {
        const pending = target.request(request);
        pending.then(undefined, (error: unknown) => problems.push(error));
        return pending;
      },
      stop: () => target.stop().catch((error: unknown) => void problems.push(error)),
    };
  };
  const text = await run(probeOf(one, id, settle), probeId(topic, id), open).catch(String);
  const crash = [...problems, text].map(String).find((problem) => problem.includes("MS0701"));
  return crash === undefined ? { text, crashed: false } : { text: crash, crashed: true };
}

/** Envoy needs real time for what comes late. */
const settleEnvoy: Settle = async (target: Target, text: string) => {
  const ended = (lines: readonly string[]) => {
    const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
    return count(/\] create \d+ parent=[1-9]/) > 0 && count(/\] create \d+ parent=[1-9]/) === count(/\] delete \d+$/);
  };
  if (/set_tick_period_milliseconds [246]0|trap|http_call/.test(text)) await sleep(130);
  else {
    await target.wait(ended, 400).catch(() => undefined);
    // The steps of the last callback come behind its line.
    await sleep(10);
  }
};

/**
 * On Envoy, one after the other; what ends Envoy is found out and the rest goes on with a new one. `expected` spares the look whether Envoy
 * lives after a case that went as expected.
 */
export async function onEnvoy(batch: ReadonlyMap<string, FuzzCase>, expected: ReadonlyMap<string, Outcome>): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  let left = [...batch];
  while (left.length > 0) {
    const ended = await runUntilCrash(left, expected, outcomes);
    if (ended === undefined) return outcomes;
    // What crashed may show only with the next one.
    for (const [id, one] of left.slice(Math.max(0, ended - 1), ended + 1)) outcomes.set(id, await alone(one, id));
    left = left.slice(ended + 1);
  }
  return outcomes;
}

/** @returns the place of the case at which Envoy was found dead */
async function runUntilCrash(
  cases: readonly (readonly [string, FuzzCase])[],
  expected: ReadonlyMap<string, Outcome>,
  outcomes: Map<string, Outcome>,
): Promise<number | undefined> {
  const probes = new Map<string, Probe>(cases.map(([id, one]) => [probeId(topic, id), probeOf(one, id, settleEnvoy)]));
  probes.set("alive", { name: "alive", plugins: [] });
  const { envoy, open, stop } = await sharedEnvoy(probes, { mayEnd: true });
  try {
    // So that a VM that fails may be loaded anew.
    if (cases.some(([, { plugins }]) => plugins.some(({ failurePolicy }) => failurePolicy === "FAIL_RELOAD"))) await sleep(1_500);
    for (const [place, [id]] of cases.entries()) {
      const probe = probes.get(probeId(topic, id)) as Probe;
      const text = await run(probe, probeId(topic, id), open).catch(String);
      outcomes.set(id, { text, crashed: false });
      if (text === expected.get(id)?.text) continue;
      if (!(await envoy.request({ listener: "alive", timeout: 2_000 }).catch(() => undefined))) return place;
    }
    return undefined;
  } finally {
    await stop();
  }
}

/** On an Envoy of its own. */
export async function alone(one: FuzzCase, id: string): Promise<Outcome> {
  const outcomes = new Map<string, Outcome>();
  const ended = await runUntilCrash([[id, one]], new Map(), outcomes);
  return ended === undefined ? (outcomes.get(id) as Outcome) : { text: "Envoy ends", crashed: true };
}
