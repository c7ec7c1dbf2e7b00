// Spans where a test needs the in-process host: any bytes, host calls that fail, time to the millisecond, what it costs, memory.
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Host, type HostResponse, Status, everyFault, openHost } from "../../../harness/host/index.ts";
import type { ModuleReport } from "../../../modules/index.ts";
import type { TracingConfig } from "../config.ts";
import { collected, counts, pass, spansOf } from "./spans.ts";
import { tracingModule } from "./support.ts";

type Export = NonNullable<TracingConfig["export"]>;

const wasm = await tracingModule();
const incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const unsampled = incoming.replace(/1$/, "0");
const sending = (more: Partial<Export> = {}): TracingConfig => ({
  export: { format: "zipkin", cluster: "collector", timeout: "300ms", ...more },
});
const filters = (config: TracingConfig) => [{ name: "tracing", wasm, config, environment: { KEY: "s3cret" } }];
const open = (config: TracingConfig, more: Partial<Parameters<typeof openHost>[0]> = {}) =>
  openHost({ filters: filters(config), upstreams: { app: {}, collector: {} }, componentLogLevel: "wasm:info", ...more });

describe.each(["zipkin", "otlp"] as const)("%s", (format) => {
  test("is valid JSON whatever bytes a request holds, and values are bounded", async () => {
    await using host = await open(sending({ format, batch: 1 }));
    const byte = fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f);
    const text = fc.array(byte, { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));
    const long = fc.constantFrom("\u00e9".repeat(3_000), '"'.repeat(600), "\u00ff".repeat(300));
    const path = fc.oneof(text, long).map((rest) => `/${rest.replace(/[#?]/g, "")}`);
    await fc.assert(
      fc.asyncProperty(path, fc.oneof(text, long), fc.oneof(text, long), fc.oneof(text, long), async (asked, agent, id, authority) => {
        host.upstream("collector").clear();
        const headers = { traceparent: incoming, "user-agent": agent, "x-request-id": id, "x-envoy-original-host": authority };
        const { status } = await host.request({ path: asked, headers });
        pass(host, "1ms");
        expect(status).toBe(200);
        const [span] = await collected(host, 1);
        const attributes = span?.attributes ?? {};
        for (const [name, value] of Object.entries(attributes)) expect(value.length).toBeLessThanOrEqual(name === "url.path" ? 512 : 256);
        const bytes = Buffer.from(asked, "latin1");
        if (isUtf8(bytes) && bytes.length < 500) expect(attributes["url.path"]).toBe(bytes.toString("utf8"));
      }),
      { numRuns: 300 },
    );
    expect(host.failure).toBeUndefined();
  });
});

describe("time", () => {
  test("the first span that waits starts the interval; a batch that is full does not wait; then the timer is off", async () => {
    await using host = await open(sending({ batch: 3, interval: "1s" }));
    const sizes = () => host.upstream("collector").requests.map((batch) => spansOf(batch).length);
    const ask = (times: number) => Promise.all(Array.from({ length: times }, () => host.request({ headers: { traceparent: incoming } })));
    await ask(1);
    host.advance("900ms");
    await ask(1);
    host.advance("99ms");
    expect(sizes()).toEqual([]);
    host.advance("1ms");
    await collected(host, 2);
    await ask(3);
    await collected(host, 5);
    expect(sizes()).toEqual([2, 3]);
    host.advance("5s");
    const ticks = () => host.rootCounts()["tracing"]?.hostCalls ?? {};
    const before = ticks();
    host.advance("1h");

    expect(ticks()).toEqual(before);
  });

  test("spans that are due while a batch is under way go when it is answered", async () => {
    await using host = await open(sending({ batch: 10, interval: "100ms", timeout: "10s" }));
    host.upstream("collector").respond({ delay: "1s" });
    await host.request({ headers: { traceparent: incoming } });
    host.advance("100ms");
    await host.request({ headers: { traceparent: incoming } });
    host.advance("900ms");
    expect(host.upstream("collector").arrivals).toHaveLength(1);
    host.advance("101ms");
    expect(host.upstream("collector").arrivals).toHaveLength(2);
    host.advance("2s");

    expect(await counts(host)).toEqual({ exported: 2, dropped: 0, failures: 0 });
  });
});

describe("what it costs", () => {
  const callsOf = (response: HostResponse) => response.counts["tracing"]?.hostCalls ?? {};
  const of = async (config: TracingConfig, traceparent: string) => {
    await using host = await open(config);
    await host.request({ headers: { traceparent } });
    return callsOf(await host.request({ headers: { traceparent } }));
  };

  test("without export, and for requests that are not sampled: no host call more", async () => {
    const plain = await of({}, incoming);

    expect(await of(sending(), unsampled)).toEqual(plain);
    expect(await of({}, unsampled)).toEqual(plain);
  });

  test("for a span eleven attributes and the headers once more, and nothing else while it waits", async () => {
    const plain = await of({}, incoming);
    const found = await of(sending(), incoming);
    const more = Object.entries(found).map(([name, count]) => [name, count - (plain[name] ?? 0)] as const);

    expect(Object.fromEntries(more.filter(([, count]) => count !== 0))).toEqual({ proxy_get_property: 11, proxy_get_header_map_pairs: 1 });
  });
});

describe("every host call fails in turn, with every status", () => {
  const one: Export = { format: "zipkin", cluster: "collector", batch: 2, interval: "100ms", headers: { "x-api-key": { env: "KEY" } } };
  const config: TracingConfig = { export: one };
  const ask = async (host: Host, headers: Record<string, string> = { traceparent: incoming }) => (await host.request({ headers })).status;

  test("no trap, every request answered, and once it is over spans go out again", async () => {
    const statuses = [...new Set([...Object.values(Status), 99])].filter((status) => status !== Status.Ok);
    const outcomes = await everyFault(
      () => open(config),
      async (host) => {
        // A full batch, one that has waited, one that fails, and a request that is not sampled.
        const answers = [await ask(host), await ask(host), await ask(host), await ask(host, { traceparent: unsampled })];
        host.advance("150ms");
        host.upstream("collector").respond({ reset: "before-headers" });
        answers.push(await ask(host), await ask(host));
        host.advance("1s");
        expect(answers).toEqual([200, 200, 200, 200, 200, 200]);
        host.fail(undefined);
        host.upstream("collector").respond({ status: 200 });
        host.advance("10s");
        const before = await counts(host);
        expect(await ask(host)).toBe(200);
        expect(await ask(host)).toBe(200);
        host.advance("1s");
        const after = await counts(host);
        expect(after.exported - before.exported).toBeGreaterThanOrEqual(2);
        expect(after.failures).toBe(before.failures);
      },
      { statuses },
    );
    const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);
    console.log(`${outcomes.length} runs, of host calls in ${[...new Set(outcomes.map(({ callback }) => callback))].join(", ")}`);

    expect(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
    expect(new Set(outcomes.map(({ callback }) => callback))).toEqual(
      new Set(["proxy_on_request_headers", "proxy_on_log", "proxy_on_tick", "proxy_on_http_call_response"]),
    );
    expect(outcomes.length).toBeGreaterThan(200);
  });

  test("a configuration that comes while the host fails is refused and the old one stays, or it is taken and does its work", async () => {
    const verdicts = new Map<string, Set<string>>();
    const outcomes = await everyFault(
      () => open(config),
      async (host) => {
        const taken = await host.update({ filters: filters({ export: { ...one, service: "next" } }) }).then(
          () => true,
          () => false,
        );
        const failed = host.faults[0] ?? "";
        host.fail(undefined);
        verdicts.set(failed, (verdicts.get(failed) ?? new Set()).add(taken ? "taken" : "refused"));
        host.upstream("collector").clear();
        expect([await ask(host), await ask(host)]).toEqual([200, 200]);
        host.advance("1s");
        expect((await collected(host, 2)).map(({ service }) => service)).toEqual(taken ? ["next", "next"] : ["meshscript", "meshscript"]);
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
      random_get: "refused",
      // What only counts may be missing.
      proxy_define_metric: "taken",
      proxy_set_tick_period_milliseconds: "refused",
      // Then it is called by what is known.
      proxy_get_property: "taken",
    });
  });

  test("a span without a time is dropped, and counted", async () => {
    await using host = await open(sending({ batch: 1 }));
    host.fail({ callback: "proxy_on_log", name: "proxy_get_property", call: 1, status: Status.InternalFailure });
    await ask(host);
    host.advance("1s");

    expect(await counts(host)).toEqual({ exported: 0, dropped: 1, failures: 0 });
  });

  test("a timer that cannot be had is a configuration that is refused", async () => {
    await using host = await open({});
    host.fail({
      callback: "proxy_on_configure",
      name: "proxy_set_tick_period_milliseconds",
      call: 1,
      until: 99,
      status: Status.InternalFailure,
    });

    await expect(host.update({ filters: filters(config) })).rejects.toMatchObject({ code: "MS0403" });
    expect(host.logTail().join("\n")).toContain("the host gives no timer: allow proxy_set_tick_period_milliseconds");
  });
});

test("a worker that is taken down with a batch under way counts it, and its answer hurts nobody", async () => {
  await using host = await open(sending({ batch: 1, timeout: "60s" }));
  host.upstream("collector").respond({ delay: "20s" });
  expect((await host.request({ headers: { traceparent: incoming } })).status).toBe(200);
  await host.update({ filters: filters({}) });
  host.advance("1s");
  expect((await host.request()).status).toBe(200);
  host.advance("60s");

  expect(await counts(host)).toEqual({ exported: 1, dropped: 0, failures: 0 });
  expect(host.failure).toBeUndefined();
});

test("a worker that is taken down with a batch of which nobody may tell is not kept for ever", async () => {
  const { imports, callbacks } = JSON.parse(readFileSync(wasm.replace(/\.wasm$/, ".report.json"), "utf8")) as ModuleReport;
  const capabilities = [...imports.map(({ name }) => name), ...callbacks].filter((name) => name !== "proxy_on_http_call_response");
  const chain = (config: TracingConfig) => filters(config).map((one) => ({ ...one, capabilities }));
  await using host = await open(sending({ batch: 2 }), { filters: chain(sending({ batch: 2 })) });
  for (let n = 0; n < 3; n++) await host.request({ headers: { traceparent: incoming } });
  await host.update({ filters: chain({}) });
  host.advance("1m");

  expect(await counts(host)).toEqual({ exported: 0, dropped: 3, failures: 1 });
  expect(host.failure).toBeUndefined();
});

describe("memory", () => {
  const LIMIT = 2 * 1_024 * 1_024;

  test("is the same after 10,240 and after 20,480 spans", async () => {
    await using host = await open(sending({ format: "otlp" }));
    const headers = { traceparent: incoming, "user-agent": "x".repeat(200) };
    const after: object[] = [];
    for (let n = 1; n <= 20_480; n++) {
      await host.request({ path: `/items/${n}`, headers });
      // Time passes, and batches go: by number, and now and then by time.
      if (n % 64 === 0) host.advance(n % 1_024 === 0 ? "1s" : "2ms");
      if (n % 10_240 === 0) after.push(host.linearMemory());
    }
    host.advance("5s");

    expect(after[1]).toEqual(after[0]);
    expect(host.linearMemory()["meshscript.tracing"]).toBeLessThanOrEqual(LIMIT);
    expect(await counts(host)).toEqual({ exported: 20_480, dropped: 0, failures: 0 });
    console.log(`tracing with export: ${JSON.stringify(after[1])} bytes of linear memory`);
  }, 120_000);

  test("does not grow with configurations that come and go, each with spans in its queue", async () => {
    await using host = await open(sending({ interval: "1h" }));
    const after: number[] = [];
    for (let n = 1; n <= 200; n++) {
      await host.request({ headers: { traceparent: incoming } });
      await host.update({ filters: filters(sending({ interval: "1h", service: `v${n}`, attributes: { a: "x".repeat(1 + (n % 50)) } })) });
      host.advance("1s");
      if (n % 20 === 0) after.push(host.linearMemory()["meshscript.tracing"] ?? 0);
    }

    expect(after).toEqual(after.map(() => after[0]));
    expect(after[0]).toBeLessThanOrEqual(LIMIT);
    expect(await counts(host)).toEqual({ exported: 200, dropped: 0, failures: 0 });
  });

  test("does not grow while nobody takes spans", async () => {
    await using host = await open(sending({ interval: "10ms", timeout: "60s" }));
    host.upstream("collector").respond({ delay: "1h" });
    const headers = { traceparent: incoming, "user-agent": '"'.repeat(300) };
    const after: object[] = [];
    for (let n = 1; n <= 6_000; n++) {
      await host.request({ path: `/${"x".repeat(600)}`, headers });
      if (n % 3_000 === 0) after.push(host.linearMemory());
    }

    expect(after[1]).toEqual(after[0]);
    expect(host.linearMemory()["meshscript.tracing"]).toBeLessThanOrEqual(LIMIT);
    expect((await counts(host)).dropped).toBeGreaterThan(4_000);
  }, 60_000);
});
