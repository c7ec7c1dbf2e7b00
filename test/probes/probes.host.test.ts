// The same probes on the in-process host, judged by what Envoy answered.
import { describe, expect, test } from "vitest";
import { probeId } from "./chain.ts";
import { differences } from "./differences.ts";
import { readGolden } from "./golden.ts";
import { fatal } from "./list/fatal.ts";
import { topics } from "./list/index.ts";
import { run, runUntilEnd } from "./run.ts";
import { hostTarget, strictTarget } from "./targets/host.ts";

describe.each(topics)("$topic", ({ topic, probes }) => {
  const golden = readGolden(topic);

  test.each(probes.map((probe) => [probe.name, probe] as const))("%s", async (name, probe) => {
    const result = await run(probe, probeId(topic, name), hostTarget).catch(String);
    const known = differences.find((one) => one.probe.test(`${topic} > ${name}`));

    if (known && result !== golden.get(name)) expect(result).toMatch(known.host);
    else expect(result).toBe(golden.get(name));
  });
});

describe("what crashes Envoy, or leaves its client waiting, fails the test", () => {
  test.each(fatal.probes.map((probe) => [probe.name, probe] as const))("%s", async (name, probe) => {
    const target = await strictTarget(probe, probeId(fatal.topic, name));
    const problems: unknown[] = [];
    const answer = await runUntilEnd(
      probe,
      { ...target, request: (request) => watch(target.request(request), problems) },
      async () => false,
    ).catch(String);
    // A crash in a callback behind the answer shows when the host is stopped.
    await target.stop().catch((error: unknown) => problems.push(error));

    // MS0701 for what Envoy does not survive, MS0702 for what hangs, MS0408/9 where only the client is the loser.
    expect(`${problems.map(String).join("\n")}\n${answer}`).toMatch(
      readGolden(fatal.topic).get(name)?.includes("crashes") ? /MS0701/ : /MS0(701|702|409)/,
    );
  });
});

/** Remembers what a request fails with. */
function watch<T extends PromiseLike<unknown>>(pending: T, problems: unknown[]): T {
  pending.then(undefined, (error: unknown) => problems.push(error));
  return pending;
}

test("each documented difference is one", () => {
  const names = topics.flatMap(({ topic, probes }) => probes.map(({ name }) => `${topic} > ${name}`));

  for (const { probe, why } of differences) {
    expect(names.filter((name) => probe.test(name))).not.toEqual([]);
    expect(why.length).toBeGreaterThan(20);
  }
});
