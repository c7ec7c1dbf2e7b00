import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Envoy, openEnvoy } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

let envoy: Envoy;
let wasm: string;
const callout = (config: object) => [{ name: "callout", rootId: "callout", vmId: "callout", wasm, config }];

beforeAll(async () => {
  wasm = await fixtureModule();
  envoy = await openEnvoy({
    filters: callout({ cluster: "authorizer", timeout: 400 }),
    upstreams: { app: {}, authorizer: {} },
    clusters: [{ name: "empty", type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: "empty" } }],
  });
}, 120_000);

afterAll(() => envoy?.stop());
afterEach(() => {
  for (const name of ["app", "authorizer"]) {
    envoy.upstream(name).respond({ status: 200 });
    envoy.upstream(name).clear();
  }
});

const told = () => envoy.upstream("app").requests.map((request) => request.header("x-callout"));

test("the answer lands on the stream that asked", async () => {
  envoy.upstream("authorizer").respond((request) => ({ status: 200, body: `for ${request.path}` }));
  const paths = Array.from({ length: 20 }, (_, i) => `/request/${i}`);
  const responses = await Promise.all(paths.map((path) => envoy.request({ path })));

  expect(responses.map((r) => r.status)).toEqual(paths.map(() => 200));
  for (const request of envoy.upstream("app").requests) expect(request.header("x-callout")).toBe(`answered 200 for ${request.path}`);
  expect(told()).toHaveLength(20);
});

test("an upstream's own 504 is an answer", async () => {
  envoy.upstream("authorizer").respond({ status: 504, headers: { "content-type": "text/plain" }, body: "upstream request timeout" });
  await envoy.request();

  expect(told()).toEqual(["answered 504 upstream request timeout"]);
});

test("no answer in time is told apart as a timeout", async () => {
  envoy.upstream("authorizer").respond({ delay: new Promise(() => {}) });
  const response = await envoy.request();

  expect(response.status).toBe(200);
  expect(told()).toEqual(["timed out 504"]);
});

test("a reset connection is told apart as a failure, before and within the answer", async () => {
  envoy.upstream("authorizer").respond({ reset: "before-headers" });
  await envoy.request();
  envoy.upstream("authorizer").respond({ body: "half", reset: "mid-body" });
  await envoy.request();

  expect(told()[0]).toBe("failed 503");
  expect(told()[1]).toMatch(/^failed/);
});

test("a client that leaves during the callout does not hurt the next one", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  envoy.upstream("authorizer").respond((request) => (request.path === "/slow" ? { delay: held, body: "late" } : { body: "quick" }));
  const leaving = envoy.request({ path: "/slow" });
  await envoy.upstream("authorizer").received();
  leaving.abort();
  await expect(leaving).rejects.toThrow();
  release();
  const responses = await Promise.all(Array.from({ length: 10 }, () => envoy.request({ path: "/quick" })));

  expect(responses.map((r) => r.status)).toEqual(Array(10).fill(200));
  expect(new Set(told())).toEqual(new Set(["answered 200 quick"]));
  expect(envoy.logs().wasm.filter((line) => line.level === "critical" || line.level === "error")).toEqual([]);
});

test("an unknown cluster and one without endpoints answer a status at once", async () => {
  await envoy.update({ filters: callout({ cluster: "nowhere" }) });
  await envoy.request();
  await envoy.update({ filters: callout({ cluster: "empty" }) });
  await envoy.request();

  expect(told()).toEqual(["not sent: 2", "not sent: 10"]);
});
