import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Echo, type RunningMesh, openMesh } from "../run/index.ts";

const bookinfo = readFileSync(new URL("pilot/cases/bookinfo.yaml", import.meta.url), "utf8");
const users = Array.from({ length: 60 }, (_, i) => `user-${i}`);
const REVIEWS = "http://reviews:9080/reviews/1";

/** So much of a hundred for v2, of the mesh's clients by their header and of the gateway's by their cookie. */
const withShare = (share: number) => [bookinfo, split(share)].join("\n---\n");

describe("a canary that sticks to its users", () => {
  let mesh: RunningMesh;
  beforeAll(async () => {
    mesh = await openMesh({ resources: withShare(20) });
  });
  afterAll(() => mesh.stop());

  const ask = async (headers: Record<string, string>) => (await mesh.from("productpage").request({ url: REVIEWS, headers })).json() as Echo;
  const versions = async (more: Record<string, string> = {}) => {
    const answers = await Promise.all(users.map((user) => ask({ "end-user": user, ...more })));
    return answers.map(({ workload }) => workload);
  };
  const canaryOf = async () => {
    const all = await versions();
    return users.filter((_, i) => all[i] === "reviews-v2");
  };

  test("a user stays with a version over 50 requests, and no header of ours goes behind the proxy", async () => {
    const [inside] = await canaryOf();
    const outside = users.find((user) => user !== inside) ?? "";
    for (const user of [inside ?? "", outside]) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ "end-user": user })));
      expect(new Set(answers.map(({ workload }) => workload)).size).toBe(1);
      expect(answers.flatMap(({ headers }) => Object.keys(headers)).filter((name) => name.includes("canary"))).toEqual([]);
    }
  });

  test("a client that forges the header gains nothing", async () => {
    const mine = await versions();
    for (const forged of ["0", "999999999"]) expect(await versions({ "x-meshscript-canary": forged })).toEqual(mine);
    // Without a user chance decides, whatever the header says: all the same would be chance once in a hundred million times.
    const unknown = await Promise.all(Array.from({ length: 90 }, () => ask({ "x-meshscript-canary": "999999999" })));
    expect(new Set(unknown.map(({ workload }) => workload))).toEqual(new Set(["reviews-v1", "reviews-v2"]));
    expect(Object.keys(unknown[0]?.headers ?? {}).filter((name) => name.includes("canary"))).toEqual([]);
  });

  test("nobody leaves it while its share grows, also where the weights have another sum", async () => {
    let before: string[] = [];
    for (const share of [0, 5, 20, 50, 100]) {
      await mesh.apply(withShare(share));
      const now = await canaryOf();
      expect(now).toEqual(expect.arrayContaining(before));
      before = now;
    }
    expect(before).toHaveLength(users.length);
    await mesh.apply(withShare(20));
    const fifth = await canaryOf();
    await mesh.apply(withShare(20).replace("weight: 80", "weight: 4").replace("weight: 20", "weight: 1"));
    expect(await canaryOf()).toEqual(fifth);
  });

  test("at a gateway by a cookie, as another experiment", async () => {
    await mesh.apply(withShare(50));
    const through = async (user: string) => {
      const headers = { host: "reviews.example.com", cookie: `session=${user}` };
      return ((await mesh.gateway().request({ path: "/reviews/1", headers })).json() as Echo).workload;
    };
    const all = await Promise.all(users.map(through));
    expect(await Promise.all(users.map(through))).toEqual(all);
    expect(new Set(all)).toEqual(new Set(["reviews-v1", "reviews-v2"]));
    expect(all).not.toEqual(await versions());
  });

  test("a proxy that sees no such VirtualService has no such filter", async () => {
    const chain = (proxy: string) => mesh.configuration.proxies.get(proxy)?.listeners ?? [];
    expect(JSON.stringify(chain("productpage-v1.default"))).toContain("canary");
    await mesh.apply(bookinfo);
    expect(JSON.stringify(chain("productpage-v1.default"))).not.toContain("canary");
  });
});

function split(share: number): string {
  const route = `    - route:
        - { destination: { host: reviews, subset: v1 }, weight: ${100 - share} }
        - { destination: { host: reviews, subset: v2 }, weight: ${share} }
`;
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, annotations: { meshscript.io/sticky: "header:end-user" } }
spec:
  hosts: [reviews]
  http:
${route}---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: web }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [reviews.example.com] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: outside, annotations: { meshscript.io/sticky: "cookie:session" } }
spec:
  hosts: [reviews.example.com]
  gateways: [web]
  http:
${route}`;
}
