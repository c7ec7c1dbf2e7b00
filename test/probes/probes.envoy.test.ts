import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probeId } from "./chain.ts";
import { readGolden, recording, writeGolden } from "./golden.ts";
import { topics } from "./list/index.ts";
import { run } from "./run.ts";
import { ownEnvoy, sharedEnvoy } from "./targets/open.ts";
import type { Open } from "./types.ts";

// One Envoy for all that need none of their own: a VM and a listener per probe.
let shared: Awaited<ReturnType<typeof sharedEnvoy>> | undefined;

beforeAll(async () => {
  const together = topics.flatMap(({ topic, probes }) =>
    probes.filter((probe) => !probe.alone).map((probe) => [probeId(topic, probe.name), probe] as const),
  );
  shared = await sharedEnvoy(new Map(together));
}, 120_000);

afterAll(() => shared?.stop());

const open: Open = (probe, id) => {
  if (probe.alone) return ownEnvoy()(probe, id);
  if (!shared) throw new Error("Envoy did not start");
  return shared.open(probe, id);
};

describe.each(topics)("$topic", ({ topic, probes }) => {
  const golden = readGolden(topic);
  const results = new Map<string, string>();

  test.each(probes.map((probe) => [probe.name, probe] as const))("%s", async (name, probe) => {
    const result = await run(probe, probeId(topic, name), open);
    results.set(name, result);

    if (!recording) expect(result).toBe(golden.get(name));
  });

  afterAll(() => {
    if (recording && results.size === probes.length) writeGolden(topic, results);
  });
});
