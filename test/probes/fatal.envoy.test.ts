import { afterAll, describe, expect, test } from "vitest";
import { probeId } from "./chain.ts";
import { readGolden, recording, writeGolden } from "./golden.ts";
import { fatal } from "./list/fatal.ts";
import { runUntilEnd } from "./run.ts";
import { sharedEnvoy } from "./targets/open.ts";
import type { Probe } from "./types.ts";

describe.concurrent("what no filter may do", () => {
  const golden = readGolden(fatal.topic);
  const results = new Map<string, string>();

  test.each(fatal.probes.map((probe) => [probe.name, probe] as const))("%s", async (name, probe) => {
    const id = probeId(fatal.topic, name);
    // The second listener tells whether the worker lives.
    const probes = new Map<string, Probe>([
      [id, probe],
      ["alive", { name: "alive", plugins: [] }],
    ]);
    const { envoy, open, stop } = await sharedEnvoy(probes, { mayEnd: true });
    try {
      const crashed = async () => {
        const answer = await envoy.request({ listener: "alive" }).catch(() => undefined);
        if (!answer) await envoy.ended;
        return !answer;
      };
      const result = await runUntilEnd(probe, await open(probe, id), crashed);
      results.set(name, result);
      expect(result).toMatch(/^(the host crashes|client waits in vain)$/m);
      if (!recording) expect(result).toBe(golden.get(name));
    } finally {
      await stop();
    }
  });

  afterAll(() => {
    if (!recording || results.size !== fatal.probes.length) return;
    writeGolden(fatal.topic, new Map(fatal.probes.map(({ name }) => [name, results.get(name) ?? ""])));
  });
});
