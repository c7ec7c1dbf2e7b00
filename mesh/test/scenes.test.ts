import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../../harness/expect/index.ts";
import { type Echo, type RunningMesh, echo, openMesh } from "../run/index.ts";

const file = (name: string) => readFileSync(new URL(`pilot/cases/${name}.yaml`, import.meta.url), "utf8");
const bookinfo = file("bookinfo");
const withScene = (...texts: string[]) => [bookinfo, ...texts].join("\n---\n");

let mesh: RunningMesh;
beforeAll(async () => {
  mesh = await openMesh({ resources: withScene(file("ingress")), allowUnsupported: true });
});
afterAll(() => mesh.stop());
afterEach(() => {
  for (const name of ["reviews-v1", "reviews-v2", "reviews-v3", "ratings-v1"]) {
    mesh.workload(name).clear();
    mesh.workload(name).respond(echo(name));
  }
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

  test("certificates last as long as a mesh that runs for days", async () => {
    const { text } = await mesh.envoy("productpage").admin("/certs");
    const { certificates } = JSON.parse(text) as { certificates: { cert_chain: { expiration_time: string }[] }[] };
    const days = certificates
      .flatMap(({ cert_chain }) => cert_chain)
      .map((each) => (Date.parse(each.expiration_time) - Date.now()) / 86_400_000);
    expect(days.length).toBeGreaterThan(0);
    expect(Math.min(...days)).toBeGreaterThan(29);
    expect(Math.max(...days)).toBeLessThan(31);
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

  test("ingress by host and path", async () => {
    await mesh.apply(withScene(file("ingress")));
    const gateway = (path: string, host: string) => mesh.gateway().request({ path, headers: { host } });
    const found = await gateway("/productpage", "bookinfo.example.com");
    expect(found.text()).toContain("productpage-v1");
    expect((found.json() as Echo).headers["x-forwarded-client-cert"]).toContain("sa/istio-ingressgateway");
    expect((await gateway("/other", "bookinfo.example.com")).status).toBe(404);
    expect((await gateway("/productpage", "nobody.example.com")).status).toBe(404);
  });

  test("an identity is refused, and the same request of another is not", async () => {
    await mesh.apply(withScene(ONLY_REVIEWS));
    const refused = await ask(RATINGS);
    expect([refused.status, refused.text()]).toEqual([403, "RBAC: access denied"]);
    expect((await ask(RATINGS, {}, "reviews-v2")).status).toBe(200);
    await eventually(() => {
      const [entry] = mesh
        .envoy("ratings")
        .accessLog()
        .filter(({ status }) => status === 403);
      expect(entry?.["authz"]).toBe("verdict=denied policy=none");
    });
  });

  test("blue to green under load: no request fails, and the last ones are green", async () => {
    await mesh.apply(withScene(file("all-to-v1")));
    let going = true;
    const statuses: number[] = [];
    const load = Array.from({ length: 4 }, async () => {
      while (going) statuses.push((await ask(REVIEWS)).status);
    });
    const mark = () => statuses.length;
    // Under way, with its connections there.
    await eventually(() => expect(statuses.length).toBeGreaterThan(20));
    const before = mark();
    await mesh.apply(withScene(file("all-to-v1").replaceAll("subset: v1", "subset: v3")));
    const flipped = mark();
    expect(await answers(10)).toEqual({ "reviews-v3": 10 });
    await mesh.apply(withScene(file("all-to-v1")));
    expect(await answers(10)).toEqual({ "reviews-v1": 10 });
    going = false;
    await Promise.all(load);
    expect(flipped).toBeGreaterThan(before);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  test("a circuit breaker turns away what is too much at once", async () => {
    await mesh.apply(withScene(ONE_AT_A_TIME));
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    mesh.workload("ratings").respond({ delay: gate });
    const first = ask(RATINGS, {}, "reviews-v2");
    await mesh.workload("ratings").received();
    const waiting = ask(RATINGS, {}, "reviews-v2");
    const pending = "cluster.outbound|9080||ratings.default.svc.cluster.local;.upstream_rq_pending_active";
    await eventually(async () => expect(await mesh.envoy("reviews-v2").stat(pending)).toBe(1));
    const turnedAway = await ask(RATINGS, {}, "reviews-v2");
    expect(turnedAway.status).toBe(503);
    expect(turnedAway.header("x-envoy-overloaded")).toBe("true");
    open();
    expect((await Promise.all([first, waiting])).map(({ status }) => status)).toEqual([200, 200]);
  });

  test("a version that fails is left alone, and the others answer", async () => {
    await mesh.apply(withScene(EJECTED));
    for (const version of ["v1", "v2", "v3"]) mesh.workload("reviews", version).respond(echo(`reviews-${version}`));
    mesh.workload("reviews", "v2").respond({ status: 500 });
    const tally = await answers(40);
    expect(tally["500"]).toBeLessThan(20);
    expect(await answers(30)).toEqual({ "reviews-v1": expect.any(Number), "reviews-v3": expect.any(Number) });
    expect(
      await mesh.envoy("productpage").stat("cluster.outbound|9080||reviews.default.svc.cluster.local;.outlier_detection.ejections_active"),
    ).toBe(1);
  });
});

const ONLY_REVIEWS = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ratings }
spec:
  selector: { matchLabels: { app: ratings } }
  rules:
    - from: [{ source: { principals: [cluster.local/ns/default/sa/bookinfo-reviews] } }]
`;

const ONE_AT_A_TIME = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ratings }
spec:
  host: ratings
  trafficPolicy:
    connectionPool: { tcp: { maxConnections: 1 }, http: { http1MaxPendingRequests: 1 } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ratings }
spec:
  hosts: [ratings]
  http: [{ retries: { attempts: 0 }, route: [{ destination: { host: ratings } }] }]
`;

const EJECTED = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews }
spec:
  host: reviews
  trafficPolicy:
    loadBalancer: { simple: ROUND_ROBIN }
    outlierDetection: { consecutive5xxErrors: 2, interval: 1h, baseEjectionTime: 1h, maxEjectionPercent: 50 }
`;
