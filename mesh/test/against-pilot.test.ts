import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../harness/provision/cache.ts";
import { caseNames, readCase } from "./pilot/cases.ts";
import { type Both, bothOf, compared, ours, pilots } from "./pilot/compared.ts";
import type { Normalized } from "./pilot/normalized.ts";
import { openPilot } from "./pilot/pilot.ts";

/**
 * The scenes as Istio's Pilot would have them. Without Pilot what it answered counts, of a client and of gateways;
 * `MESHSCRIPT_PILOT_WRITE=1 npx vitest run mesh/test/against-pilot.test.ts` writes it down, where Pilot is.
 */
const folder = join(packageRoot(), "mesh/test/pilot/answers");
const writes = process.env["MESHSCRIPT_PILOT_WRITE"] === "1";

/** Scenes with so many services that only what they are about is kept of the answer. */
const KEPT = new Map<string, readonly (keyof Normalized)[]>([["localities", ["endpoints"]]]);

const pilot = await openPilot();
afterAll(async () => {
  if (!("skipped" in pilot)) await pilot[Symbol.asyncDispose]();
});

const scenes = ["bookinfo", ...(await caseNames())];

/** Replicas are proxies of their own to Pilot, and the same to us. */
const scene = async (name: string, kept: (id: string) => boolean = () => true): Promise<Both> =>
  bothOf(await readCase(name), (id) => !/-\d\./.test(id) && kept(id));

const isStored = (id: string) => /^(productpage-v1|stock-here|client-eu)\./.test(id) || id.includes("gateway");

function kept(name: string, all: Record<string, Normalized>): Record<string, Normalized> {
  const parts = KEPT.get(name);
  if (parts === undefined) return all;
  const nothing = { clusters: {}, routes: {}, endpoints: {}, tcp: {}, inbound: {}, gateway: {}, forwarded: {} };
  const part = (one: Normalized) => Object.fromEntries(parts.map((each) => [each, one[each]]));
  return Object.fromEntries(Object.entries(all).map(([id, one]) => [id, { ...nothing, ...part(one) }]));
}

async function asked(name: string, both: Both): Promise<Record<string, Normalized>> {
  if ("skipped" in pilot) throw new Error(pilot.skipped);
  const answer = await pilot.ask(both.request);
  if (answer.proxies === undefined) throw new Error(`${name}: ${answer.error}`);
  return pilots(answer, both);
}

describe("a scene is compiled as Pilot compiles it", () => {
  test.skipIf("skipped" in pilot).each(scenes)("%s, for every proxy", async (name) => {
    const both = await scene(name);
    const theirs = await asked(name, both);
    expect(Object.keys(theirs).length).toBeGreaterThanOrEqual(6);
    expect(compared(ours(both), theirs)).toEqual([]);
  });

  test.each(scenes)("%s, as Pilot answered when it was asked", async (name) => {
    const both = await scene(name, isStored);
    const path = join(folder, `${name}.json`);
    if (writes) {
      await mkdir(folder, { recursive: true });
      await writeFile(path, `${JSON.stringify(kept(name, await asked(name, both)), null, 1)}\n`);
    }
    const text = await readFile(path, "utf8");
    expect(text.length).toBeLessThan(128_000);
    const stored = JSON.parse(text) as Record<string, Normalized>;
    expect(Object.keys(stored)).toContain("productpage-v1.default");
    expect(compared(kept(name, ours(both)), stored)).toEqual([]);
    if (!("skipped" in pilot)) expect(kept(name, await asked(name, both))).toEqual(stored);
  });

  test("what differs is found, and said where", async () => {
    const both = await scene("all-to-v1", isStored);
    const mine = ours(both);
    const other = ours(await scene("split-90-10", isStored));
    expect(compared(mine, mine)).toEqual([]);
    const found = compared(mine, other).join("\n");
    expect(found).toContain("productpage-v1.default/routes/9080/virtual_hosts/reviews.default.svc.cluster.local:9080/routes/0/route");
  });
});
