import { same, tolerated } from "./compare.ts";
import { type Outcome, onEnvoy, onHost } from "./hosts.ts";
import type { FuzzCase, FuzzPlugin } from "./types.ts";

const ROUNDS = 25;

/** The smallest case on which the two still disagree; each round tries everything that is a little less, on one Envoy. */
export async function shrink(start: FuzzCase): Promise<FuzzCase> {
  let best = start;
  for (let round = 0; round < ROUNDS; round++) {
    const batch = new Map(smaller(best).map((one, i) => [`r${round}-${i}`, one]));
    const hosts = new Map<string, Outcome>();
    for (const [id, one] of batch) {
      const outcome = await onHost(one, id);
      if (outcome.crashed && tolerated.some(([message]) => message.test(outcome.text))) batch.delete(id);
      else hosts.set(id, outcome);
    }
    const envoys = await onEnvoy(batch, hosts);
    const next = [...batch].find(([id]) => !same(envoys.get(id) as Outcome, hosts.get(id) as Outcome))?.[1];
    if (!next) return best;
    best = next;
  }
  return best;
}

/** Everything that has one thing less, the largest things first. */
export function smaller(one: FuzzCase): FuzzCase[] {
  const { plugins, request, respond } = one;
  const replaced = (i: number, plugin: FuzzPlugin) => ({ ...one, plugins: plugins.map((old, j) => (i === j ? plugin : old)) });
  const plain = { method: "GET", protocol: "http/1.1", headers: [], body: [], trailers: false } as const;
  const hello = { status: 200, body: "hello", length: "none", headers: [], trailers: false, reset: "no" } as const;
  const result: FuzzCase[] = [
    ...(plugins.length > 1 ? plugins.map((_, i) => ({ ...one, plugins: plugins.filter((_, j) => i !== j) })) : []),
    ...plugins.flatMap((plugin, i) =>
      Object.keys(plugin.sections).map((name) => {
        const { [name]: _gone, ...sections } = plugin.sections;
        return replaced(i, { ...plugin, sections });
      }),
    ),
    ...(one.again ? [{ ...one, again: false }] : []),
    ...plugins.flatMap((plugin, i) =>
      Object.entries(plugin.sections).flatMap(([name, steps]) =>
        steps.map((_, k) => replaced(i, { ...plugin, sections: { ...plugin.sections, [name]: steps.filter((_, j) => j !== k) } })),
      ),
    ),
    ...Object.entries(plain).map(([key, value]) => ({ ...one, request: { ...request, [key]: value } })),
    ...Object.entries(hello).map(([key, value]) => ({ ...one, respond: { ...respond, [key]: value } })),
    ...(one.upstream === "h2" ? [{ ...one, upstream: "app" as const }] : []),
    ...plugins.flatMap((plugin, i) => [
      replaced(i, { ...plugin, failurePolicy: "FAIL_CLOSED" }),
      replaced(i, { ...plugin, allowOnHeadersStopIteration: false }),
      replaced(i, { ...plugin, vm: "x" }),
    ]),
  ];
  const before = JSON.stringify(one);
  return result.filter((next) => JSON.stringify(next) !== before);
}
