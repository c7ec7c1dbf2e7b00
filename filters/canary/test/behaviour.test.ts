// What comes of the number in Envoy's splits, on both hosts. The expected numbers are of another implementation: fate.model.ts.
import { describe, expect, test } from "vitest";
import { onBothHosts } from "../../../harness/expect/index.ts";
import type { OpenTarget } from "../../../harness/index.ts";
import { keyOf, sipHash } from "../../fault-injection/test/fate.model.ts";
import type { CanaryConfig } from "../config.ts";
import { canaryModule } from "./support.ts";

const wasm = await canaryModule();
const TOTAL = 1_000;
const users = Array.from({ length: 300 }, (_, i) => `user-${i}`);

/** In which of a thousand parts a user is. */
const partOf = (seed: string, user: string) => Number(sipHash(keyOf(seed), Buffer.from(user)) % BigInt(TOTAL));

const named = (split: string) => ({ metadata: { filter_metadata: { "meshscript.canary": { split } } } });
const split = (prefix: string, share: number, more: object = {}) => ({
  match: { prefix },
  route: {
    weighted_clusters: {
      header_name: "x-meshscript-canary",
      clusters: [
        { name: "stable", weight: TOTAL - share },
        { name: "canary", weight: share },
      ],
    },
  },
  ...more,
});

onBothHosts((open) => {
  const start = (config: CanaryConfig, routes: object[]) =>
    open({
      filters: [{ name: "canary", wasm, config }],
      upstreams: { stable: { respond: { body: "stable" } }, canary: { respond: { body: "canary" } } },
      listeners: { main: { httpConnectionManager: { route_config: { virtual_hosts: [{ name: "main", domains: ["*"], routes }] } } } },
    });
  type Started = Awaited<ReturnType<OpenTarget>>;
  const versions = async (target: Started, path: string, more: Record<string, string> = {}) => {
    const answers = await Promise.all(users.map((user) => target.request({ path, headers: { "x-user": user, ...more } })));
    return answers.map((answer) => answer.text());
  };

  describe("a split by user", () => {
    const config = { splits: [{ seed: "reviews", unit: { header: "x-user" } }] };
    const routes = [split("/5/", 50), split("/20/", 200), split("/50/", 500), split("/100/", TOTAL), split("/0/", 0)];

    test("sends each user where the number of the seed and the user says, time after time", async () => {
      const target = await start(config, routes);
      const expected = users.map((user) => (partOf("reviews", user) >= TOTAL - 200 ? "canary" : "stable"));
      expect(await versions(target, "/20/")).toEqual(expected);
      expect(await versions(target, "/20/", { "x-meshscript-canary": "999" })).toEqual(expected);
      // Within five standard deviations of 300 draws at a fifth: sqrt(300 * 0.2 * 0.8) = 7.
      expect(Math.abs(expected.filter((version) => version === "canary").length - 60)).toBeLessThan(35);
    });

    test("takes nobody out of the canary while its share grows", async () => {
      const target = await start(config, routes);
      const ramp: string[][] = [];
      for (const path of ["/0/", "/5/", "/20/", "/50/", "/100/"]) ramp.push(await versions(target, path));
      const inside = ramp.map((answers) => users.filter((_, i) => answers[i] === "canary"));
      inside.slice(1).forEach((later, i) => {
        expect(later).toEqual(expect.arrayContaining(inside[i] ?? []));
      });
      expect(inside.map(({ length }) => length)).toEqual([...inside.map(({ length }) => length)].sort((a, b) => a - b));
      expect([inside.at(0)?.length, inside.at(-1)?.length]).toEqual([0, users.length]);
      expect(inside[1]?.length).toBeGreaterThan(0);
    });
  });

  test("a route says which split decides; one that names none, or one that is not there, is decided by that without a name, or by chance", async () => {
    const unit = { header: "x-user" };
    const routes = [
      split("/reviews", 500, named("reviews")),
      split("/ratings", 500, named("ratings")),
      split("/unknown", 500, named("nowhere")),
      split("/", 500),
    ];
    const target = await start(
      {
        splits: [
          { name: "reviews", seed: "a", unit },
          { name: "ratings", seed: "b", unit },
          { seed: "c", unit },
        ],
      },
      routes,
    );
    for (const [path, seed] of [
      ["/reviews", "a"],
      ["/ratings", "b"],
      ["/", "c"],
    ] as const) {
      expect(await versions(target, path)).toEqual(users.map((user) => (partOf(seed, user) >= 500 ? "canary" : "stable")));
    }
    // Twice the same by chance: once in 2^300.
    const chance = { "x-meshscript-canary": "999" };
    expect(await versions(target, "/unknown", chance)).not.toEqual(await versions(target, "/unknown", chance));
  });
});
