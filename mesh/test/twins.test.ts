import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpRequest, HttpResponse } from "../../harness/client/types.ts";
import { type Echo, type RunningMesh, openMesh } from "../run/index.ts";

/**
 * The same rules by Istio's VirtualService and by the Gateway API's HTTPRoute: what clients and applications see must be the same, where the two
 * mean the same. (They do not of `/reviewsmore`: Istio's prefixes end anywhere.)
 */
const bookinfo = readFileSync(new URL("pilot/cases/bookinfo.yaml", import.meta.url), "utf8");
const twins = readFileSync(new URL("fixtures/twins.yaml", import.meta.url), "utf8").split(/^--- # twin$/m);
const [world = "", istio = "", gatewayApi = ""] = twins;

let mesh: RunningMesh;
beforeAll(async () => {
  mesh = await openMesh({ resources: [bookinfo, world, istio].join("\n---\n") });
});
afterAll(() => mesh.stop());

const REQUESTS: Record<string, HttpRequest> = {
  "an exact path": { path: "/productpage" },
  "a path that is longer than an exact one": { path: "/productpage/more" },
  "a prefix": { path: "/reviews/1?x=1" },
  "a prefix itself": { path: "/reviews" },
  "a header": { path: "/reviews/1", headers: { "x-user": "jason" } },
  "another value of a header": { path: "/reviews/1", headers: { "x-user": "ann" } },
  "a header by an expression": { path: "/reviews/1", headers: { "x-user": "test-7" } },
  "a method": { path: "/method", method: "POST" },
  "another method": { path: "/method", method: "GET" },
  "a query parameter": { path: "/query?debug=1" },
  "another query": { path: "/query?debug=2" },
  "a path by an expression": { path: "/v12/ratings" },
  "a rewritten prefix": { path: "/old/page?x=1" },
  "a rewritten whole path": { path: "/whole/of/it" },
  "a rewritten host": { path: "/host" },
  "a redirect": { path: "/moved/here" },
  "headers that are changed": { path: "/headers", headers: { "x-gone": "1", "x-set": "mine" } },
  "no route at all": { path: "/nothing" },
  "a preflight": {
    ...{ path: "/cors", method: "OPTIONS" },
    headers: { origin: "https://shop.example.com", "access-control-request-method": "GET" },
  },
  "another origin's request": { path: "/cors", headers: { origin: "https://evil.example.com" } },
  "a host that is not served": { path: "/productpage", headers: { host: "other.example.com" } },
};

/** What a client and an application saw, without what is different each time. */
function seen(response: HttpResponse): object {
  const { status, headers } = response;
  const kept = headers.filter(([name]) => !["date", "x-envoy-upstream-service-time", "content-length"].includes(name)).sort();
  if (status !== 200 || response.header("content-type") !== "application/json") return { status, headers: kept, body: response.text() };
  const echo = response.json() as Echo;
  const own = Object.entries(echo.headers).filter(([name]) => !/^x-request-id|^traceparent|^x-envoy|^x-forwarded|^x-b3/.test(name));
  return { status, headers: kept, workload: echo.workload, path: echo.path, authority: echo.authority, own: own.sort() };
}

async function all(): Promise<Record<string, object>> {
  const results: Record<string, object> = {};
  const gateway = mesh.gateway(mesh.workloads.find((name) => name.includes("gateway") || name.startsWith("shop")) ?? "");
  for (const [name, request] of Object.entries(REQUESTS)) {
    const headers = { host: "shop.example.com", ...(request.headers as Record<string, string> | undefined) };
    results[`a gateway: ${name}`] = seen(await gateway.request({ ...request, headers }));
    const { host: _, ...own } = headers;
    const url = `http://reviews:9080${request.path ?? "/"}`;
    results[`a sidecar: ${name}`] = seen(await mesh.from("productpage").request({ ...request, url, headers: own }));
  }
  return results;
}

describe("twins of both APIs", () => {
  test("clients of a gateway and of a sidecar, and applications, see the same", async () => {
    const first = await all();
    await mesh.apply([bookinfo, world, gatewayApi].join("\n---\n"));
    const second = await all();
    expect(second).toEqual(first);
    // They do something, each.
    expect(first["a gateway: a header"]).toMatchObject({ status: 200, workload: "ratings-v1" });
    expect(first["a sidecar: a redirect"]).toMatchObject({ status: 302 });
    expect(first["a gateway: a rewritten whole path"]).toMatchObject({ path: "/other" });
    expect(first["a sidecar: headers that are changed"]).toMatchObject({ own: expect.arrayContaining([["x-set", "ours"]]) });
    expect(new Set(Object.values(first).map((each) => JSON.stringify(each))).size).toBeGreaterThan(20);
  });
});
