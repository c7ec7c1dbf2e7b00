// What the filter does when the host does not do what it is asked: never a trap or a request that hangs, and nothing that stays under way.
import { describe, expect, test } from "vitest";
import { type Host, type HostRequest, Status, everyFault, openHost } from "../../../harness/host/index.ts";
import type { FaultInjectionConfig } from "../config.ts";
import { faultInjectionModule } from "./support.ts";

const wasm = await faultInjectionModule();
const always = Number.POSITIVE_INFINITY;
const REQUEST = "proxy_on_request_headers";
const TICK = "proxy_on_tick";
const filters = (config: FaultInjectionConfig) => [{ name: "fault-injection", wasm, config, environment: { FAULT_SECRET: "open sesame" } }];
const accessLog = { fault: "%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%" };
const open = (config: FaultInjectionConfig) =>
  openHost({ filters: filters(config), upstreams: { app: { respond: { status: 200, body: "hello" } } }, accessLog });

const on = (header: string) => ({ when: [{ header, present: true }] });
const asks = { "x-fault-secret": "open sesame" };

/** All that a request can meet, each by a header of its own. */
const everything: FaultInjectionConfig = {
  responseHeader: "x-fault",
  maxActive: 2,
  headerControl: { secret: { env: "FAULT_SECRET" }, strip: true },
  faults: [
    { name: "slow", ...on("x-slow"), delay: { fixed: "100ms" } },
    { name: "broken", ...on("x-break"), abort: { status: 418, headers: { "retry-after": "1" } } },
    { name: "torn", ...on("x-tear"), abort: { reset: true } },
    { name: "lying", ...on("x-lie"), response: { status: 500, set: { "x-a": "1" }, add: { "x-b": "2" }, remove: ["content-type"] } },
    { name: "third", ...on("x-count"), every: 3, key: [{ header: "x-user" }], abort: { status: 429 } },
    { name: "again", ...on("x-order"), attempt: { number: 1, key: [{ header: "x-order" }] }, abort: { status: 502 } },
    { name: "trial", mode: "shadow", key: [{ attribute: "request.id" }], delay: { uniform: { max: "1h" } }, abort: { percentage: 50 } },
    { name: "now", during: { from: "2020-01-01T00:00:00Z" }, response: { set: { "x-now": "1" } } },
  ],
};

/** What each request may get: as it is meant, untouched by the fault, or no answer where one could not be sent. */
const requests: [request: HostRequest, statuses: number[]][] = [
  [{}, [200]],
  [{ headers: { "x-slow": "1" } }, [200]],
  [{ headers: { "x-slow": "1", "x-break": "1" } }, [418, 200]],
  [{ headers: { "x-break": "1" } }, [418, 200]],
  [{ headers: { "x-tear": "1" } }, [0, 200]],
  [{ headers: { "x-slow": "1", "x-tear": "1" } }, [0, 200]],
  [{ headers: { "x-lie": "1" } }, [500, 200]],
  [{ headers: { "x-count": "1", "x-user": "ann" } }, [200, 429]],
  [{ headers: { "x-count": "1", "x-user": "ann" } }, [200, 429]],
  [{ headers: { "x-count": "1", "x-user": "ann" } }, [200, 429]],
  [{ headers: { "x-order": "7" } }, [502, 200]],
  [{ headers: { "x-order": "7" } }, [502, 200]],
  // No answer where the secret would have gone on.
  [{ headers: { ...asks, "x-envoy-fault-delay-request": "50", "x-envoy-fault-abort-request": "503" } }, [503, 200, 0]],
  [{ headers: { ...asks, "x-envoy-fault-abort-grpc-request": "14" } }, [200, 0]],
  [{ method: "POST", body: "hello", headers: { "x-slow": "1", "x-lie": "1" } }, [500, 200]],
];

/** Without these a stream that is held can only be closed. */
const CLOSES = ["proxy_send_local_response", "proxy_continue_stream", "proxy_set_effective_context"];

/** A filter that cannot answer closes the stream. */
function closed(error: { code?: string }): number {
  if (error.code !== "MS0408") throw error;
  return 0;
}

/** Whether nothing is said to be under way. */
async function active(host: Host): Promise<number[]> {
  return [...(await host.stats("meshscript_fault_injection_active")).values()];
}

describe("every host call fails in turn, with every status", () => {
  /** Three that wait at once, of which one leaves and one is over the bound. */
  async function crowd(host: Host): Promise<void> {
    const held = [1, 2, 3].map(() => host.stream({ headers: { "x-slow": "1", "x-break": "1" } }));
    held[0]?.response.catch(() => undefined);
    held[0]?.abort();
    for (const stream of held.slice(1)) stream.end();
    for (const { response } of held.slice(1)) expect([0, 200, 418]).toContain(await response.then(({ status }) => status, closed));
  }

  test("no trap, every request answered, nothing left under way, and once it is over all is as it was", async () => {
    /** What is said to be under way behind a run, by the host call that failed. */
    const left: Record<string, number[]> = {};
    const statuses = [...new Set([...Object.values(Status), 99])].filter((status) => status !== Status.Ok);
    const outcomes = await everyFault(
      () => open(everything),
      async (host) => {
        for (const [request, allowed] of requests) {
          const status = await host.request(request).then((response) => response.status, closed);
          // A stream that cannot be answered or let go on is closed.
          const may = host.faults.some((name) => CLOSES.includes(name)) ? [...allowed, 0] : allowed;
          if (!may.includes(status)) throw new Error(`${JSON.stringify(request)}: ${status}`);
        }
        await crowd(host);
        const failed = [...new Set(host.faults)].sort().join(", ");
        host.fail(undefined);
        const now = await active(host);
        if (now.some((count) => count !== 0)) left[failed] = now;
        host.advance("1h");
        if (now.every((count) => count === 0)) {
          expect((await host.request({ headers: { "x-slow": "1", "x-break": "1" } })).status).toBe(418);
          expect((await host.request({ headers: { "x-lie": "1" } })).status).toBe(500);
        }
        expect((await host.request()).status).toBe(200);
      },
      { statuses },
    );
    const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);
    console.log(`${outcomes.length} runs, of host calls in ${[...new Set(outcomes.map(({ callback }) => callback))].join(", ")}`);

    expect.soft(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
    // What the host does not count it cannot count down either.
    expect.soft(Object.entries(left).filter(([failed]) => !failed.includes("proxy_increment_metric"))).toEqual([]);
    expect(new Set(outcomes.map(({ callback }) => callback))).toEqual(
      new Set([REQUEST, TICK, "proxy_on_response_headers", "proxy_on_delete"]),
    );
    expect(outcomes.length).toBeGreaterThanOrEqual(300);
  });

  test("a configuration that comes while the host fails is refused and the old one stays, or it is taken and does its work", async () => {
    const verdicts = new Map<string, Set<string>>();
    const next: FaultInjectionConfig = { ...everything, faults: [...(everything.faults ?? []), { name: "new", abort: { status: 599 } }] };
    const outcomes = await everyFault(
      () => open(everything),
      async (host) => {
        const taken = await host.update({ filters: filters(next) }).then(
          () => true,
          (error: { code?: string }) => {
            expect(error.code).toBe("MS0403");
            return false;
          },
        );
        const failed = host.faults[0] ?? "";
        host.fail(undefined);
        verdicts.set(failed, (verdicts.get(failed) ?? new Set()).add(taken ? "taken" : "refused"));
        expect((await host.request()).status).toBe(taken ? 599 : 200);
        expect((await host.request({ headers: { "x-break": "1" } })).status).toBe(418);
      },
      { callbacks: ["proxy_on_configure"] },
    );

    expect(outcomes.filter((outcome) => (outcome.trap ?? outcome.error) !== undefined)).toEqual([]);
    expect(Object.fromEntries([...verdicts].map(([name, found]) => [name, [...found].sort().join(" or ")]))).toEqual({
      // The first run, in which nothing fails.
      "": "taken",
      proxy_get_buffer_bytes: "refused",
      environ_sizes_get: "refused",
      environ_get: "refused",
      clock_time_get: "refused",
      // What names of metrics are hashed with need not be random.
      random_get: "refused or taken",
      proxy_get_shared_data: "refused",
      proxy_set_shared_data: "refused",
      // Of what bounds the faults at once; what only counts may be missing.
      proxy_define_metric: "refused or taken",
      proxy_set_tick_period_milliseconds: "refused",
      proxy_record_metric: "taken",
    });
  });
});

test("an answer that cannot be sent ends the stream: nobody is left waiting, and nobody gets through", async () => {
  await using host = await open(everything);
  for (const callback of [REQUEST, TICK]) {
    host.fail({ callback, name: "proxy_send_local_response", call: 1, until: always, status: Status.InternalFailure });
    const headers = { "x-break": "1", ...(callback === TICK ? { "x-slow": "1" } : {}) };
    await expect(host.request({ headers })).rejects.toMatchObject({ code: "MS0408" });
    expect(host.faults).toEqual(["proxy_send_local_response"]);
    expect(host.accessLog().at(-1)).toMatchObject({ details: "wasm_close_stream" });
  }
  expect(host.upstream("app").requests).toEqual([]);
  expect(await active(host)).toEqual(Array.from({ length: 10 }, () => 0));
});

test("a stream that cannot be reset is not left waiting either", async () => {
  await using host = await open(everything);
  for (const callback of [REQUEST, TICK]) {
    host.fail({ callback, name: "proxy_close_stream", call: 1, until: always, status: Status.InternalFailure });
    const headers = { "x-tear": "1", ...(callback === TICK ? { "x-slow": "1" } : {}) };
    const status = await host.request({ headers }).then((response) => response.status, closed);
    expect([200, 503]).toContain(status);
  }
  expect(await active(host)).toEqual(Array.from({ length: 10 }, () => 0));
});

test("a request that cannot go on is closed rather than left waiting", async () => {
  await using host = await open(everything);
  host.fail({ callback: TICK, name: "proxy_continue_stream", call: 1, until: always, status: Status.InternalFailure });

  await expect(host.request({ headers: { "x-slow": "1" } })).rejects.toMatchObject({ code: "MS0408" });
  expect(await active(host)).toEqual(Array.from({ length: 10 }, () => 0));
});

describe("without a timer", () => {
  test("nobody is held, and that is counted", async () => {
    await using host = await open(everything);
    host.fail({ callback: REQUEST, name: "proxy_set_tick_period_milliseconds", call: 1, until: always, status: Status.InternalFailure });
    const before = host.now;

    expect((await host.request({ headers: { "x-slow": "1" } })).status).toBe(200);
    expect(host.now).toEqual(before);
    expect(host.accessLog().at(-1)?.["fault"]).toMatch(/^trial.*slow;undecided/);
    // An abort behind it is met all the same.
    expect((await host.request({ headers: { "x-slow": "1", "x-break": "1" } })).status).toBe(418);
    expect(await active(host)).toEqual(Array.from({ length: 10 }, () => 0));
  });

  test("that fails while somebody waits goes on as it was, and nobody waits for ever", async () => {
    await using host = await open({
      faults: [
        { name: "short", ...on("x-short"), delay: { fixed: "100ms" } },
        { name: "long", ...on("x-long"), delay: { fixed: "5s" } },
      ],
    });
    const [short, long] = ["x-short", "x-long"].map((name) => host.stream({ headers: { [name]: "1" } }));
    short?.end();
    long?.end();
    host.fail({ callback: TICK, name: "proxy_set_tick_period_milliseconds", call: 1, until: always, status: Status.InternalFailure });
    host.advance(100);
    expect([short?.paused, long?.paused]).toEqual([{}, { request: "fault-injection" }]);
    host.advance("4.9s");

    expect(long?.paused).toEqual({});
    expect([(await short?.response)?.status, (await long?.response)?.status]).toEqual([200, 200]);
    expect(await active(host)).toEqual([0, 0, 0]);
  });
});

describe("without a clock", () => {
  test("nobody is held, and nothing is counted by key", async () => {
    await using host = await open(everything);
    host.fail({ callback: REQUEST, name: "clock_time_get", call: 1, until: always, status: 28 });
    const count = () => host.request({ headers: { "x-count": "1", "x-user": "ann" } }).then(({ status }) => status);

    expect((await host.request({ headers: { "x-slow": "1" } })).status).toBe(200);
    expect([await count(), await count(), await count()]).toEqual([200, 200, 200]);
    expect(host.accessLog().at(-1)?.["fault"]).toContain("third;undecided");
  });

  test("that stops while somebody waits, all who wait go on in the next ticks, however many", async () => {
    await using host = await open({ faults: [{ name: "slow", delay: { fixed: "100ms" } }] });
    const held = Array.from({ length: 200 }, () => host.stream());
    for (const stream of held) stream.end();
    host.fail({ callback: TICK, name: "clock_time_get", call: 1, until: always, status: 28 });
    host.advance(110);

    expect(held.filter(({ paused }) => paused.request !== undefined)).toEqual([]);
    expect(new Set(await Promise.all(held.map(({ response }) => response.then(({ status }) => status))))).toEqual(new Set([200]));
  });
});

test.each(["proxy_remove_header_map_value", "proxy_get_header_map_pairs"])(
  "the secret never reaches the upstream, also where %s fails",
  async (name) => {
    await using host = await open(everything);
    host.fail({ callback: REQUEST, name, call: 1, until: always, status: Status.InternalFailure });
    const statuses: number[] = [];
    for (const headers of [asks, { ...asks, "x-slow": "1" }]) {
      statuses.push(await host.request({ headers }).then(({ status }) => status, closed));
    }
    const seen = host.upstream("app").requests.map((request) => request.header("x-fault-secret"));

    expect(seen.filter((secret) => secret !== undefined)).toEqual([]);
    expect(statuses).toEqual(name === "proxy_remove_header_map_value" ? [0, 0] : [200, 200]);
  },
);

test("headers that cannot be read pick nobody: a condition with `not` would hold", async () => {
  const when = [{ header: "x-spare", present: true, not: true }];
  await using host = await open({ faults: [{ name: "most", when, abort: { status: 500 } }] });
  host.fail({ callback: REQUEST, name: "proxy_get_header_map_pairs", call: 1, until: always, status: Status.InternalFailure });

  expect((await host.request()).status).toBe(200);
  expect(host.accessLog().at(-1)).toMatchObject({ fault: "most;undecided" });
  host.fail(undefined);
  expect((await host.request()).status).toBe(500);
});

describe("shared data", () => {
  test.each(["proxy_get_shared_data", "proxy_set_shared_data"])("%s that fails counts nobody, and nobody is picked", async (name) => {
    await using host = await open({ faults: [{ name: "all", first: 1_000, abort: { status: 500 } }] });
    expect((await host.request()).status).toBe(500);
    host.fail({ callback: REQUEST, name, call: 1, until: always, status: Status.InternalFailure });
    expect((await host.request()).status).toBe(200);
    expect(host.accessLog().at(-1)).toMatchObject({ fault: "all;undecided" });
    host.fail(undefined);

    expect((await host.request()).status).toBe(500);
  });

  test("a worker that is faster once costs one more try, and a hundred times the count", async () => {
    await using host = await open({ faults: [{ name: "second", every: 2, abort: { status: 500 } }] });
    const status = async () => (await host.request()).status;
    host.fail({ callback: REQUEST, name: "proxy_set_shared_data", call: 1, status: Status.CasMismatch });
    expect([await status(), await status(), await status(), await status()]).toEqual([200, 500, 200, 500]);
    host.fail({ callback: REQUEST, name: "proxy_set_shared_data", call: 1, until: always, status: Status.CasMismatch });
    expect([await status(), await status(), host.faults.length]).toEqual([200, 200, 200]);
    host.fail(undefined);

    expect([await status(), await status()]).toEqual([200, 500]);
  });
});

describe("the count of what is under way", () => {
  test("that cannot be raised lets nobody in", async () => {
    await using host = await open(everything);
    host.fail({ callback: REQUEST, name: "proxy_increment_metric", call: 1, until: always, status: Status.InternalFailure });
    const before = host.now;

    expect((await host.request({ headers: { "x-slow": "1", "x-break": "1" } })).status).toBe(200);
    expect(host.now).toEqual(before);
    host.fail(undefined);
    expect(await active(host)).toEqual(Array.from({ length: 10 }, () => 0));
    expect((await host.request({ headers: { "x-break": "1" } })).status).toBe(418);
  });

  test("that cannot be read lets nobody in, and is put back", async () => {
    await using host = await open(everything);
    host.fail({ callback: REQUEST, name: "proxy_get_metric", call: 1, until: always, status: Status.InternalFailure });

    expect((await host.request({ headers: { "x-slow": "1", "x-break": "1" } })).status).toBe(200);
    host.fail(undefined);
    expect(await active(host)).toEqual(Array.from({ length: 10 }, () => 0));
    expect((await host.request({ headers: { "x-break": "1" } })).status).toBe(418);
  });
});
