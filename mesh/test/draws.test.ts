import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TOTAL, drawOf, scaled } from "../routes/draws.ts";
import { type Echo, type RunningMesh, openMesh } from "../run/index.ts";

const file = (name: string) => readFileSync(new URL(`pilot/cases/${name}.yaml`, import.meta.url), "utf8");
const withScene = (...texts: string[]) => [file("bookinfo"), ...texts].join("\n---\n");
const REVIEWS = "http://reviews:9080/reviews/1";

describe("a mesh with draws", () => {
  let mesh: RunningMesh;
  beforeAll(async () => {
    mesh = await openMesh({ resources: withScene(file("split-90-10"), GATEWAY), draws: true });
  });
  afterAll(() => mesh.stop());

  const tallied = (answers: readonly Echo[]) => {
    const tally: Record<string, number> = {};
    for (const { workload } of answers) tally[workload] = (tally[workload] ?? 0) + 1;
    return tally;
  };
  const hundred = Array.from({ length: 100 }, (_, i) => i / 100);

  test("splits a hundred draws 90 to 10, exactly", async () => {
    const ask = async (draw: number) => (await mesh.from("productpage").request({ url: REVIEWS, draw })).json() as Echo;
    const answers = await Promise.all(hundred.map(ask));
    expect(tallied(answers)).toEqual({ "reviews-v1": 90, "reviews-v2": 10 });
    expect([(await ask(0.8999)).workload, (await ask(0.9)).workload]).toEqual(["reviews-v1", "reviews-v2"]);
    expect(answers.flatMap(({ headers }) => Object.keys(headers)).filter((name) => name.includes("draw"))).toEqual([]);
  });

  test("splits them at a gateway, also by weights that are no hundredths", async () => {
    const ask = async (draw: number) => {
      const answer = await mesh.gateway().request({ path: "/reviews/1", headers: { host: "split.example.com" }, draw });
      return answer.json() as Echo;
    };
    expect(tallied(await Promise.all(hundred.map(ask)))).toEqual({ "reviews-v1": 34, "reviews-v2": 33, "ratings-v1": 33 });
  });

  test("leaves to chance what is not drawn, and sends no header of ours behind a route without a split", async () => {
    const { headers } = (await mesh.from("productpage").request({ url: "http://details:9080/details/1", draw: 0.5 })).json() as Echo;
    expect(Object.keys(headers).filter((name) => name.includes("draw"))).toEqual([]);
    const all = await Promise.all(Array.from({ length: 200 }, () => mesh.from("productpage").request({ url: REVIEWS })));
    // None of the tenth among 200: once in a billion times.
    expect(Object.keys(tallied(all.map((each) => each.json() as Echo))).sort()).toEqual(["reviews-v1", "reviews-v2"]);
  });

  test("takes shares only", () => {
    expect(() => mesh.from("productpage").request({ url: REVIEWS, draw: 93 })).toThrow(/MS0407: draw: 93 is no share/);
  });
});

test("weights keep their shares, whatever their sum is", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 6 }), fc.nat(999_999), (weights, draw) => {
      const shares = scaled(weights);
      expect(shares.reduce((sum, each) => sum + each, 0)).toBe(TOTAL);
      // Envoy's way: the cluster in whose interval the number falls.
      const chosen = (all: readonly number[], value: number) => {
        const ends = all.map((_, i) => all.slice(0, i + 1).reduce((sum, each) => sum + each, 0));
        return ends.findIndex((end) => value < end);
      };
      const share = draw / 1_000_000;
      const total = weights.reduce((sum, each) => sum + each, 0);
      const wanted = chosen(weights, share * total);
      const got = chosen(shares, Number(drawOf(share)));
      // At the very end of a share that is no decimal number, a billionth may fall to either side.
      expect([wanted, chosen(weights, (share + 2e-9) * total), chosen(weights, (share - 2e-9) * total)]).toContain(got);
    }),
  );
});

const GATEWAY = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: split }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [split.example.com] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: split }
spec:
  hosts: [split.example.com]
  gateways: [split]
  http:
    - route:
        - { destination: { host: reviews, subset: v1 }, weight: 1 }
        - { destination: { host: reviews, subset: v2 }, weight: 1 }
        - { destination: { host: ratings }, weight: 1 }
`;
