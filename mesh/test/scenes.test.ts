import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Echo } from "../run/application.ts";
import { type RunningMesh, openMesh } from "../run/running-mesh.ts";

const file = (name: string) => readFileSync(new URL(`pilot/cases/${name}.yaml`, import.meta.url), "utf8");
const bookinfo = file("bookinfo");
const withScene = (...texts: string[]) => [bookinfo, ...texts].join("\n---\n");

let mesh: RunningMesh;
beforeAll(async () => {
  mesh = await openMesh({ resources: bookinfo });
});
afterAll(() => mesh.stop());
afterEach(() => {
  for (const version of ["v1", "v2", "v3"]) mesh.workload("reviews", version).clear();
});

const REVIEWS = "http://reviews:9080/reviews/1";
const RATINGS = "http://ratings:9080/ratings/1";
const ask = (url: string, headers: Record<string, string> = {}, from = "productpage") => mesh.from(from).request({ url, headers });

/** Which workloads answered so many requests. */
async function answers(count: number, headers: Record<string, string> = {}): Promise<Record<string, number>> {
  const tally: Record<string, number> = {};
  for (const response of await Promise.all(Array.from({ length: count }, () => ask(REVIEWS, headers)))) {
    const who = response.status === 200 ? (response.json() as Echo).workload : String(response.status);
    tally[who] = (tally[who] ?? 0) + 1;
  }
  return tally;
}

describe("the scenes of BookInfo", () => {
  test("without a VirtualService all versions answer, and hear whose certificate asked", async () => {
    expect(Object.keys(await answers(60)).sort()).toEqual(["reviews-v1", "reviews-v2", "reviews-v3"]);
    const echoed = (await ask(REVIEWS)).json() as Echo;
    expect(echoed.authority).toBe("reviews:9080");
    expect(echoed.headers["x-forwarded-client-cert"]).toContain("URI=spiffe://cluster.local/ns/default/sa/bookinfo-productpage");
  });

  test("all to v1", async () => {
    await mesh.apply(withScene(file("all-to-v1")));
    expect(await answers(20)).toEqual({ "reviews-v1": 20 });
    expect(mesh.workload("reviews", "v2").requests).toHaveLength(0);
  });

  test("90/10: within what chance allows", async () => {
    await mesh.apply(withScene(file("split-90-10")));
    const tally = await answers(400);
    expect(Object.keys(tally).sort()).toEqual(["reviews-v1", "reviews-v2"]);
    // Five standard deviations of 400 draws at a tenth: sqrt(400 * 0.1 * 0.9) = 6.
    expect(Math.abs((tally["reviews-v2"] ?? 0) - 40)).toBeLessThan(30);
  });

  test("by a user's header, with another path and another header", async () => {
    await mesh.apply(withScene(file("header-match")));
    expect(await answers(5, { "end-user": "jason" })).toEqual({ "reviews-v2": 5 });
    expect(await answers(5, { "end-user": "ann" })).toEqual({ "reviews-v1": 5 });
    const echoed = (await ask(REVIEWS, { cookie: "a=b; preview=on" })).json() as Echo;
    expect([echoed.workload, echoed.path, echoed.headers["x-preview"]]).toEqual(["reviews-v2", "/preview/reviews/1", "on"]);
    // As in Istio: what is rewritten is what was matched, which is `/` where a match says nothing of the path.
    const rewritten = (await ask(REVIEWS, { "end-user": "jason" })).json() as Echo;
    expect(rewritten.path).toBe("/preview/reviewsreviews/1");
  });

  test("a fault for one user and none for the service", async () => {
    await mesh.apply(withScene(file("fault")));
    const refused = await ask(RATINGS, { "end-user": "refused" }, "reviews-v2");
    expect(refused.status).toBe(500);
    expect(refused.text()).toBe("fault filter abort");
    expect(mesh.workload("ratings").requests.some(({ headers }) => headers.some(([, value]) => value === "refused"))).toBe(false);
  });

  test("a mirror gets a copy, and its answer goes nowhere", async () => {
    await mesh.apply(withScene(file("mirror").replace("value: 10", "value: 100")));
    const { workload } = (await ask(REVIEWS)).json() as Echo;
    expect(workload).toBe("reviews-v1");
    const copy = await mesh.workload("reviews", "v3").received();
    expect(copy.path).toBe("/reviews/1");
    expect(mesh.workload("reviews", "v2").requests).toHaveLength(0);
  });

  test("a timeout, and retries", async () => {
    await mesh.apply(withScene(file("timeout-retry")));
    const ratings = mesh.workload("ratings");
    ratings.clear();
    let failures = 2;
    ratings.respond(() => ({ status: failures-- > 0 ? 503 : 200 }));
    expect((await ask(RATINGS, {}, "reviews-v2")).status).toBe(200);
    expect(ratings.requests.map((request) => request.header("x-envoy-attempt-count"))).toEqual(["1", "2", "3"]);
    const never = new Promise(() => undefined);
    for (const version of ["v1", "v2", "v3"]) mesh.workload("reviews", version).respond({ delay: never });
    const late = await ask(REVIEWS);
    expect(late.status).toBe(504);
    expect(late.text()).toBe("upstream request timeout");
  });

  test("STRICT mutual TLS refuses plain text, PERMISSIVE takes it", async () => {
    await mesh.apply(withScene(file("strict-mtls")));
    const plain = (app: string) => mesh.envoy(app).request({ listener: "virtualInbound_9080", path: "/" });
    await expect(plain("details")).rejects.toThrow(/MS0408/);
    expect((await plain("ratings")).status).toBe(200);
    expect((await ask("http://details:9080/details/1")).status).toBe(200);
  });
});
