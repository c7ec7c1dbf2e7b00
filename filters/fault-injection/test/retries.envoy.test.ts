// Faults on the server's side of a mesh: the caller's Envoy takes them for a broken server's, and retries. Its own it does not retry.
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../../../harness/expect/index.ts";
import { type ConfigObject, type Envoy, type ListenerOptions, cluster, openEnvoy, route } from "../../../harness/index.ts";
import type { FaultInjectionConfig } from "../config.ts";
import { faultInjectionModule } from "./support.ts";

type Fault = NonNullable<FaultInjectionConfig["faults"]>[number];

interface Scenario {
  /** Of the server's Envoy. */
  inbound?: Omit<Fault, "name">;
  /** Of the caller's. */
  outbound?: Omit<Fault, "name">;
  /** Merged over the caller's retry policy. */
  retry?: ConfigObject;
  /** The caller's Envoy numbers its attempts [true]. */
  numbered?: boolean;
  /** What the two Envoys speak with each other [http/1.1]. */
  protocol?: "http/1.1" | "h2c";
}

const first = { attempt: { number: 1 } };
/** Longer than any test: who waits for its end has hung. */
const NEVER = { fixed: "10m" };
const timely = { per_try_timeout: "0.8s" };

const scenarios = {
  first: { inbound: { ...first, abort: { status: 503 } } },
  second: { inbound: { ...first, abort: { status: 503, percentage: 100 }, delay: { fixed: "20ms" } } },
  always: { inbound: { abort: { status: 503 } } },
  grpc: { inbound: { ...first, abort: { grpcStatus: "UNAVAILABLE" } }, retry: { retry_on: "unavailable" }, protocol: "h2c" },
  reset: { inbound: { ...first, abort: { reset: true } }, protocol: "h2c" },
  caller: { outbound: { abort: { status: 503 } } },
  "caller-first": { outbound: { ...first, abort: { status: 503 } } },
  "by-id": { inbound: { attempt: { number: 1, key: [{ attribute: "request.id" }] }, abort: { status: 503 } }, numbered: false },
  unnumbered: { inbound: { ...first, abort: { status: 503 } }, numbered: false },
  slow: { inbound: { ...first, delay: NEVER }, retry: timely },
  "slow-h2": { inbound: { ...first, delay: NEVER }, retry: timely, protocol: "h2c" },
  lying: { inbound: { ...first, response: { status: 503 } } },
} as const satisfies Record<string, Scenario>;
type Name = keyof typeof scenarios;

let envoy: Envoy;

beforeAll(async () => {
  const wasm = await faultInjectionModule();
  const all = Object.entries(scenarios) as [Name, Scenario][];
  const chain = (name: string, fault?: Omit<Fault, "name">) => ({
    filters: fault === undefined ? [] : [{ name: "fault-injection", wasm, config: { faults: [{ name, ...fault }] } }],
  });
  const inbound = Object.fromEntries(all.map(([name, one]): [string, ListenerOptions] => [`inbound-${name}`, chain(name, one.inbound)]));
  const accessLog = { scenario: "%REQ(X-SCENARIO)%", fault: "%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%" };
  const upstreams = { app: { respond: { status: 200, body: "done" } } };
  envoy = await openEnvoy({ listeners: inbound, upstreams, accessLog });
  // The callers come when the kernel has said where the servers are.
  const outbound = Object.fromEntries(
    all.map(([name, { outbound, retry, numbered = true }]): [string, ListenerOptions] => {
      const policy = { retry_on: "5xx", num_retries: 2, retry_back_off: { base_interval: "0.005s" }, ...retry };
      const routes = [route(`server-${name}`, { route: { retry_policy: policy } })];
      const virtual_hosts = [{ name, domains: ["*"], routes, ...(numbered ? { include_request_attempt_count: true } : {}) }];
      return [`outbound-${name}`, { ...chain(name, outbound), httpConnectionManager: { route_config: { virtual_hosts } } }];
    }),
  );
  const clusters = all.map(([name, { protocol = "http/1.1" }]) =>
    cluster({
      name: `server-${name}`,
      endpoints: [envoy.address(`inbound-${name}`)],
      protocol,
      // Three at once is what Envoy retries of a cluster unless it is told otherwise.
      cluster: { circuit_breakers: { thresholds: [{ max_retries: 100 }] } },
    }),
  );
  await envoy.update({ listeners: { ...inbound, ...outbound }, clusters });
}, 120_000);
afterAll(() => envoy?.stop());

/** Sends a request from the caller's side. */
function call(name: Name, request: { headers?: Record<string, string>; protocol?: "h2c"; method?: string } = {}) {
  const headers = { "x-scenario": name, ...request.headers };
  return envoy.request({ ...request, listener: `outbound-${name}`, headers });
}

/** How often the app itself heard of a scenario. */
const reached = (name: Name) => envoy.upstream("app").requests.filter((request) => request.header("x-scenario") === name).length;
const retries = (name: Name) => envoy.stat(`cluster.server-${name}.upstream_rq_retry`);
const sent = (name: Name) => envoy.stat(`cluster.server-${name}.upstream_rq_total`);
const counter = (name: Name, metric: string) =>
  envoy.stat(`wasmcustom.wasm_filter.fault-injection.fault=.=${name};.;meshscript_fault_injection_${metric}`);

test("an abort of the first attempt is retried, and the caller hears nothing of it", async () => {
  const response = await call("first");

  expect([response.status, response.text()]).toEqual([200, "done"]);
  expect([reached("first"), await sent("first"), await retries("first")]).toEqual([1, 2, 1]);
  expect(await envoy.stat("cluster.server-first.upstream_rq_retry_success")).toBe(1);
  expect(await counter("first", "aborts_injected_total")).toBe(1);
  expect(envoy.upstream("app").requests.at(-1)?.header("x-envoy-attempt-count")).toBe("2");
});

test("each request has a first attempt of its own", async () => {
  const responses = await Promise.all(Array.from({ length: 20 }, () => call("second")));

  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect([reached("second"), await retries("second")]).toEqual([20, 20]);
  expect([await counter("second", "aborts_injected_total"), await counter("second", "delays_injected_total")]).toEqual([20, 20]);
});

test("an abort of all attempts is what the caller gets when it has no retries left", async () => {
  const response = await call("always");

  expect([response.status, response.text()]).toEqual([503, "fault filter abort"]);
  expect([reached("always"), await sent("always"), await retries("always")]).toEqual([0, 3, 2]);
  expect(await counter("always", "aborts_injected_total")).toBe(3);
});

test("a status of gRPC is retried where the caller retries that", async () => {
  const headers = { "content-type": "application/grpc", te: "trailers" };
  const response = await call("grpc", { headers, protocol: "h2c", method: "POST" });

  expect([response.status, response.header("grpc-status"), response.text()]).toEqual([200, undefined, "done"]);
  expect([reached("grpc"), await retries("grpc")]).toEqual([1, 1]);
});

test("a reset is retried", async () => {
  expect((await call("reset")).status).toBe(200);
  expect([reached("reset"), await retries("reset")]).toEqual([1, 1]);
  expect(await counter("reset", "resets_injected_total")).toBe(1);
});

test("on the caller's side an abort is in front of the retries: none sees it", async () => {
  const response = await call("caller");

  expect([response.status, response.text()]).toEqual([503, "fault filter abort"]);
  expect([reached("caller"), (await sent("caller")) ?? 0, (await retries("caller")) ?? 0]).toEqual([0, 0, 0]);
  // Nor is there an attempt to number yet.
  expect((await call("caller-first")).status).toBe(200);
  expect([reached("caller-first"), await counter("caller-first", "undecided_total")]).toEqual([1, 1]);
});

test("where nobody numbers attempts, requests of one id are counted", async () => {
  for (const n of [1, 2, 3]) {
    expect((await call("by-id")).status).toBe(200);
    expect([reached("by-id"), await retries("by-id")]).toEqual([n, n]);
  }
  expect(await counter("by-id", "aborts_injected_total")).toBe(3);
  expect(await counter("by-id", "undecided_total")).toBe(0);

  // Without numbers and without a key nothing happens, and that is counted.
  expect((await call("unnumbered")).status).toBe(200);
  expect([reached("unnumbered"), await retries("unnumbered"), await counter("unnumbered", "undecided_total")]).toEqual([1, 0, 1]);
});

test.each(["slow", "slow-h2"] as const)("%s: a delay beyond the caller's patience is retried, and the held stream let go", async (name) => {
  const answer = call(name);
  await eventually(async () => expect(await counter(name, "active_faults")).toBe(1));
  const response = await answer;

  expect([response.status, response.text()]).toEqual([200, "done"]);
  expect([reached(name), await sent(name), await retries(name)]).toEqual([1, 2, 1]);
  expect(await envoy.stat(`cluster.server-${name}.upstream_rq_per_try_timeout`)).toBe(1);
  // The caller has reset it: nobody waits for the ten minutes to be over.
  await eventually(async () => expect(await counter(name, "active_faults")).toBe(0));
  expect(await envoy.stat("wasmcustom.meshscript_fault_injection_active")).toBe(0);
  expect(await counter(name, "delays_injected_total")).toBe(1);
  expect(await envoy.stat(`http.inbound-${name}.downstream_rq_active`)).toBe(0);
  expect((await call(name)).status).toBe(200);
});

test("a changed answer is retried although the app has done its work: it does it twice", async () => {
  const response = await call("lying");

  expect([response.status, response.text()]).toEqual([200, "done"]);
  expect([reached("lying"), await retries("lying")]).toEqual([2, 1]);
  expect(await counter("lying", "responses_changed_total")).toBe(1);
});

test("no module complained", () => {
  expect(envoy.logs().wasm.filter(({ level }) => level === "error" || level === "critical")).toEqual([]);
  expect(envoy.logs().envoy.filter(({ component, level }) => component === "wasm" && (level === "error" || level === "critical"))).toEqual(
    [],
  );
});
