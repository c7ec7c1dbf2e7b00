// What Envoy's router does with our headers behind the filters: retries, and internal redirects, which run the filters again.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Envoy, openEnvoy, route } from "../../../harness/index.ts";
import { collected } from "./spans.ts";
import { tracingModule } from "./support.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
let envoy: Envoy;

beforeAll(async () => {
  const wasm = await tracingModule();
  const routes = [
    route("app", {
      route: {
        retry_policy: { retry_on: "5xx", num_retries: 2 },
        internal_redirect_policy: { max_internal_redirects: 2, redirect_response_codes: [302] },
      },
    }),
  ];
  const spans = { format: "zipkin", cluster: "collector", batch: 1 } as const;
  envoy = await openEnvoy({
    listeners: {
      inside: { filters: [{ name: "tracing", wasm, config: { inject: ["tracecontext", "b3"], export: spans } }], routes },
      edge: { filters: [{ name: "tracing", wasm, config: { inbound: "restart", inject: ["tracecontext", "b3"] } }], routes },
    },
    upstreams: { app: {}, collector: {} },
  });
}, 120_000);
beforeEach(() => envoy.upstream("collector").clear());
afterAll(() => envoy?.stop());

/** What the app received of each attempt: trace, span and the span before. */
async function attempts(listener: string, path: string) {
  const app = envoy.upstream("app");
  const before = app.requests.length;
  await envoy.request({ listener, path, headers: { traceparent: `00-${TRACE}-${SPAN}-01` } });
  return app.requests.slice(before).map((request) => {
    const [trace, span, , parent] = request.header("b3")?.split("-") ?? [];
    expect(request.header("traceparent")).toContain(`${trace}-${span}`);
    return { trace, span, parent };
  });
}

/** Of an attempt, as spans have them. */
const ids = (attempt: { trace: string | undefined; span: string | undefined; parent: string | undefined } | undefined) => ({
  trace: attempt?.trace,
  id: attempt?.span,
  parent: attempt?.parent,
});

test("a retry sends the same span again", async () => {
  envoy.upstream("app").respond({ status: 503 });
  const [first, second, third, ...more] = await attempts("inside", "/retry");

  expect(first).toMatchObject({ trace: TRACE, parent: SPAN });
  expect([second, third, more]).toEqual([first, first, []]);
  expect(await collected(envoy, 1)).toMatchObject([{ ...ids(first), error: true }]);
});

const redirectOnce = () =>
  envoy
    .upstream("app")
    .respond(({ path }) => (path === "/first" ? { status: 302, headers: { location: "http://app.test/second" } } : { status: 200 }));

test("an internal redirect is a span of its own, and its parent is the span of the attempt before", async () => {
  redirectOnce();
  const [first, second, ...more] = await attempts("inside", "/first");

  expect(more).toEqual([]);
  expect(first).toMatchObject({ trace: TRACE, parent: SPAN });
  expect(second).toMatchObject({ trace: TRACE, parent: first?.span });
  expect(second?.span).not.toBe(first?.span);
  const spans = await collected(envoy, 2);
  expect(spans).toMatchObject([
    { ...ids(first), attributes: { "url.path": "/first", "http.response.status_code": "302" } },
    { ...ids(second), attributes: { "url.path": "/second", "http.response.status_code": "200" } },
  ]);
});

test("behind an untrusted edge an internal redirect is a trace of its own: the filter cannot tell it from a client's request", async () => {
  redirectOnce();
  const [first, second, ...more] = await attempts("edge", "/first");

  expect([second === undefined, more]).toEqual([false, []]);
  expect(first?.trace).not.toBe(TRACE);
  expect(second?.trace).not.toBe(first?.trace);
  expect([first?.parent, second?.parent]).toEqual([undefined, undefined]);
});
