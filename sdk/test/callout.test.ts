import { afterEach, beforeAll, expect, test } from "vitest";
import { onBothHosts } from "../../harness/expect/index.ts";
import type { Target } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

onBothHosts((open) => {
  let target: Target;
  let wasm: string;
  const callout = (config: object) => [{ name: "callout", rootId: "callout", vmId: "callout", wasm, config }];

  beforeAll(async () => {
    wasm = await fixtureModule();
    target = await open({
      filters: callout({ cluster: "authorizer", timeout: 400 }),
      upstreams: { app: {}, authorizer: {} },
      clusters: [{ name: "empty", type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: "empty" } }],
    });
  }, 120_000);

  afterEach(() => {
    for (const name of ["app", "authorizer"]) {
      target.upstream(name).respond({ status: 200 });
      target.upstream(name).clear();
    }
  });

  const told = () => target.upstream("app").requests.map((request) => request.header("x-callout"));

  test("the answer lands on the stream that asked", async () => {
    target.upstream("authorizer").respond((request) => ({ status: 200, body: `for ${request.path}` }));
    const paths = Array.from({ length: 20 }, (_, i) => `/request/${i}`);
    const responses = await Promise.all(paths.map((path) => target.request({ path })));

    expect(responses.map((r) => r.status)).toEqual(paths.map(() => 200));
    for (const request of target.upstream("app").requests) expect(request.header("x-callout")).toBe(`answered 200 for ${request.path}`);
    expect(told()).toHaveLength(20);
  });

  test("an upstream's own 504 is an answer", async () => {
    target.upstream("authorizer").respond({ status: 504, headers: { "content-type": "text/plain" }, body: "upstream request timeout" });
    await target.request();

    expect(told()).toEqual(["answered 504 upstream request timeout"]);
  });

  test("no answer in time is told apart as a timeout", async () => {
    target.upstream("authorizer").respond({ delay: new Promise(() => {}) });
    const response = await target.request();

    expect(response.status).toBe(200);
    expect(told()).toEqual(["timed out 504"]);
  });

  test("a reset connection is told apart as a failure, before and within the answer", async () => {
    target.upstream("authorizer").respond({ reset: "before-headers" });
    await target.request();
    target.upstream("authorizer").respond({ body: "half", reset: "mid-body" });
    await target.request();

    expect(told()[0]).toBe("failed 503");
    expect(told()[1]).toMatch(/^failed/);
  });

  test("a client that leaves during the callout does not hurt the next one", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    target.upstream("authorizer").respond((request) => (request.path === "/slow" ? { delay: held, body: "late" } : { body: "quick" }));
    const leaving = target.request({ path: "/slow" });
    await target.upstream("authorizer").received();
    leaving.abort();
    await expect(leaving).rejects.toThrow();
    release();
    const responses = await Promise.all(Array.from({ length: 10 }, () => target.request({ path: "/quick" })));

    expect(responses.map((r) => r.status)).toEqual(Array(10).fill(200));
    expect(new Set(told())).toEqual(new Set(["answered 200 quick"]));
    expect(target.logs().wasm.filter((line) => line.level === "critical" || line.level === "error")).toEqual([]);
  });

  test("an unknown cluster and one without endpoints answer a status at once", async () => {
    await target.update({ filters: callout({ cluster: "nowhere" }) });
    await target.request();
    await target.update({ filters: callout({ cluster: "empty" }) });
    await target.request();

    expect(told()).toEqual(["not sent: 2", "not sent: 10"]);
  });
});
