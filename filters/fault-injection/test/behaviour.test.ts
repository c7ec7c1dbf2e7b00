// What cases.yaml cannot say: requests at the same time, clients that leave, updates, timeouts, several workers; on the in-process host and on Envoy.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import { type Host, type Target, type WasmFilterSpec, openEnvoy, openHost, raw } from "../../../harness/index.ts";
import type { FaultInjectionConfig } from "../config.ts";
import { faultInjectionModule } from "./support.ts";

const wasm = await faultInjectionModule();
const filter = (config: FaultInjectionConfig, rest: Partial<WasmFilterSpec> = {}): WasmFilterSpec => ({
  name: "fault-injection",
  wasm,
  config,
  ...rest,
});
const accessLog = { fault: "%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%" };

const active = (target: Target) => target.stat("wasmcustom.meshscript_fault_injection_active");
const counter = (target: Target, fault: string, metric: string) =>
  target.stat(`wasmcustom.wasm_filter.fault-injection.fault=.=${fault};.;meshscript_fault_injection_${metric}`);

/** Long enough that nothing of a test is over before it is looked at, on a busy machine. */
const LONG = "1s";

onBothHosts((open, host) => {
  describe("requests at the same time", () => {
    test("get each its own answer, also when what the headers ask for comes after a delay", async () => {
      const target = await open({
        filters: [filter({ headerControl: { secret: { env: "FAULT_SECRET" } } }, { environment: { FAULT_SECRET: "s3cret" } })],
        upstreams: { app: {} },
      });
      const asked = [418, 500, 404, 204, 503];
      const answers = await Promise.all(
        asked.map((status, i) =>
          target.request({
            headers: {
              "x-fault-secret": "s3cret",
              "x-envoy-fault-delay-request": String(300 - 20 * i),
              "x-envoy-fault-abort-request": String(status),
            },
          }),
        ),
      );

      expect(answers.map(({ status }) => status)).toEqual(asked);
      expect(answers.map((answer) => answer.text())).toEqual(asked.map((status) => (status === 204 ? "" : "fault filter abort")));
      await eventually(async () => expect(await active(target)).toBe(0));
    });

    test("wake each at its own time, whatever the order in which they came", async () => {
      const lengths = [600, 50, 300, 150, 450];
      const faults = lengths.map((length) => ({
        name: `wait-${length}`,
        when: [{ header: "x-wait", exact: String(length) }],
        delay: { fixed: `${length}ms` },
      }));
      const target = await open({ filters: [filter({ faults })], upstreams: { app: {} } });
      const now = () => ("now" in target ? (target as Host).now.getTime() : performance.now());
      const begin = now();
      const done: number[] = [];
      const late: number[] = [];
      await Promise.all(
        lengths.map(async (length) => {
          await target.request({ headers: { "x-wait": String(length) } });
          done.push(length);
          late.push(now() - begin - length);
        }),
      );

      expect(done).toEqual(lengths.toSorted((a, b) => a - b));
      // To the millisecond where time is virtual. In Envoy less than the next one is away, and the machine may be busy.
      expect(Math.min(...late)).toBeGreaterThanOrEqual(host === "Envoy" ? -1 : 0);
      expect(Math.max(...late)).toBeLessThanOrEqual(host === "Envoy" ? 400 : 1);
      for (const length of lengths) expect(await counter(target, `wait-${length}`, "delays_injected_total")).toBe(1);
    });

    test("hold no more than `maxActive` together, and there is room again when a delay is over", async () => {
      const config = { maxActive: 2, faults: [{ name: "slow", delay: { fixed: LONG } }], responseHeader: "x-fault" };
      const target = await open({ filters: [filter(config)], upstreams: { app: {} } });
      const round = async () => {
        const answers = await Promise.all(Array.from({ length: 5 }, () => target.request({})));
        return answers.map((answer) => answer.header("x-fault") ?? "nothing").sort();
      };
      const expected = ["slow;delay=1000", "slow;delay=1000", "slow;overflow", "slow;overflow", "slow;overflow"];

      expect(await round()).toEqual(expected);
      expect(await round()).toEqual(expected);
      expect(await counter(target, "slow", "faults_overflow_total")).toBe(6);
      expect(await active(target)).toBe(0);
    });
  });

  describe("a request that is held", () => {
    test("frees its place when its client leaves, and nothing of it reaches the upstream", async () => {
      const target = await open({
        filters: [filter({ maxActive: 1, faults: [{ name: "slow", delay: { fixed: "10s" } }] })],
        upstreams: { app: {} },
        accessLog,
      });
      const leaving = target.request({ path: "/leaving" });
      // It fails with its abort, which nobody else is to hear of.
      const gone = leaving.catch(() => "gone");
      await eventually(async () => expect(await active(target)).toBe(1));
      leaving.abort();
      expect(await gone).toBe("gone");
      await eventually(async () => expect(await active(target)).toBe(0));

      expect(await counter(target, "slow", "active_faults")).toBe(0);
      expect(target.upstream("app").arrivals).toEqual([]);
      await eventually(() =>
        expect(target.accessLog()[0]).toMatchObject({ fault: "slow;delay=10000", details: "downstream_remote_disconnect" }),
      );
    });

    test("is ended by stream_idle_timeout where that is shorter, and frees its place", async () => {
      const target = await open({
        filters: [filter({ faults: [{ name: "slow", delay: { fixed: "30s" } }] })],
        upstreams: { app: {} },
        httpConnectionManager: { stream_idle_timeout: "0.3s" },
      });
      const answer = await target.request({});

      expect([answer.status, answer.text()]).toEqual([504, "stream timeout"]);
      await eventually(async () => expect(await active(target)).toBe(0));
      expect(target.upstream("app").arrivals).toEqual([]);
    });

    test("goes on under the configuration that it came under, and so do its faults", async () => {
      const slow = (status: number) => filter({ faults: [{ name: "slow", delay: { fixed: LONG }, abort: { status } }] });
      const target = await open({ filters: [slow(500)], upstreams: { app: {} } });
      const held = target.request({});
      await eventually(async () => expect(await active(target)).toBe(1));
      await target.update({ filters: [filter({})] });

      expect((await target.request({})).status).toBe(200);
      expect((await held).status).toBe(500);
      await eventually(async () => expect(await active(target)).toBe(0));
    });

    test("keeps its body, however large", async () => {
      const target = await open({ filters: [filter({ faults: [{ name: "slow", delay: { fixed: "200ms" } }] })], upstreams: { app: {} } });
      const body = Buffer.alloc(1_000_000, "0123456789");
      const answer = await target.request({ method: "POST", body });

      expect(answer.status).toBe(200);
      expect(target.upstream("app").requests[0]?.body.equals(body)).toBe(true);
    });

    test("stays held with allow_on_headers_stop_iteration, though its body comes", async () => {
      const target = await open({
        filters: [
          filter({ faults: [{ name: "slow", delay: { fixed: "300ms" }, abort: { status: 500 } }] }, { allowOnHeadersStopIteration: true }),
        ],
        upstreams: { app: {} },
      });
      const answer = await target.request({ method: "POST", body: "x".repeat(100_000) });

      expect(answer.status).toBe(500);
      expect(target.upstream("app").arrivals).toEqual([]);
    });
  });

  test("a reset breaks the stream off, and is counted", async () => {
    const target = await open({
      filters: [filter({ faults: [{ name: "cut", delay: { fixed: "50ms" }, abort: { reset: true } }] })],
      upstreams: { app: {} },
      accessLog,
    });

    await expect(target.request({ protocol: "h2c" })).rejects.toThrow();
    expect(await counter(target, "cut", "resets_injected_total")).toBe(1);
    expect(await counter(target, "cut", "aborts_injected_total")).toBe(0);
    await eventually(() => expect(target.accessLog()[0]).toMatchObject({ fault: "cut;delay=50, cut;reset", details: "wasm_close_stream" }));
    await eventually(async () => expect(await active(target)).toBe(0));
  });

  test("a status that would break the answer's framing is left as it is, and not counted", async () => {
    const target = await open({
      filters: [filter({ faults: [{ name: "lying", response: { status: 500, add: { "x-met": "1" } } }] })],
      upstreams: { app: { respond: { status: 304, headers: { "content-length": "5" } } } },
    });
    const answer = await target.request({});

    expect([answer.status, answer.header("x-met")]).toEqual([304, undefined]);
    expect(await counter(target, "lying", "responses_changed_total")).toBe(0);
  });

  test("what is off is as if it were not there, whatever else it says", async () => {
    const target = await open({
      filters: [filter({ faults: [{ name: "off", mode: "off", every: 1, delay: { fixed: "1h" }, abort: { reset: true } }] })],
      upstreams: { app: {} },
    });

    expect((await target.request({})).status).toBe(200);
    expect((await target.stats("fault_injection")).size).toBeGreaterThan(0);
    expect([...(await target.stats("fault=\\.=off")).values()]).toEqual([]);
  });

  test("of two plugins on one listener both are in the access log", async () => {
    const target = await open({
      filters: [
        filter({ faults: [{ name: "one", delay: { fixed: "20ms" } }] }, { name: "first" }),
        filter({ faults: [{ name: "two", response: { add: { "x-met": "1" } } }] }, { name: "second" }),
      ],
      upstreams: { app: {} },
      accessLog,
    });
    expect((await target.request({})).header("x-met")).toBe("1");
    await eventually(() => expect(target.accessLog()[0]?.["fault"]).toBe("one;delay=20, two;response"));
  });

  describe("counts", () => {
    const third = (keySlots: number) => ({ keySlots, faults: [{ name: "third", every: 3, abort: { status: 500 } }] });
    const statuses = async (target: Target, count: number, listener?: string) => {
      const found: number[] = [];
      for (let i = 0; i < count; i++) found.push((await target.request(listener === undefined ? {} : { listener })).status);
      return found;
    };

    test("outlive a change of the configuration, and begin anew with another number of keySlots", async () => {
      const target = await open({ filters: [filter(third(64))], upstreams: { app: {} } });
      expect(await statuses(target, 2)).toEqual([200, 200]);
      await target.update({ filters: [filter({ ...third(64), responseHeader: "x-fault" })] });
      expect(await statuses(target, 2)).toEqual([500, 200]);
      await target.update({ filters: [filter(third(16))] });
      expect(await statuses(target, 3)).toEqual([200, 200, 500]);
    });

    test("are one for all plugins of a vm_id that have a fault of that name", async () => {
      const vmId = "meshscript.fault-injection";
      const listener = (name: string) => ({ filters: [filter(third(64), { vmId, name })] });
      const target = await open({ listeners: { one: listener("one"), two: listener("two") }, upstreams: { app: {} } });
      expect(await statuses(target, 2, "one")).toEqual([200, 200]);
      expect(await statuses(target, 2, "two")).toEqual([500, 200]);
    });
  });

  test("without a request id a seed decides nothing, but what is certain happens all the same", async () => {
    const target = await open({
      filters: [
        filter({
          seed: "s",
          faults: [
            { name: "maybe", abort: { status: 501, percentage: 50 } },
            { name: "surely", response: { status: 502 } },
          ],
        }),
      ],
      upstreams: { app: {} },
      httpConnectionManager: { generate_request_id: false },
      accessLog,
    });
    expect((await target.request({})).status).toBe(502);
    expect(await counter(target, "maybe", "undecided_total")).toBe(1);
    await eventually(() => expect(target.accessLog()[0]?.["fault"]).toBe("maybe;undecided, surely;response"));
  });

  test("counts are one for all workers: each fifth of a hundred", async () => {
    const target = await open({
      filters: [filter({ faults: [{ name: "fifth", every: 5, abort: { status: 500 } }] })],
      upstreams: { app: {} },
      concurrency: 2,
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => target.request({})));

    expect(answers.filter(({ status }) => status === 500)).toHaveLength(20);
    if (host !== "Envoy") return;
    // The kernel deals connections out to the workers; with a hundred both have some.
    expect(await counter(target, "fifth", "aborts_injected_total")).toBe(20);
  });
});

test("the example of the README does what it shows", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const config = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? "") as FaultInjectionConfig;
  const shown = /^x-fault: (.*)$/m.exec(readme)?.[1];
  await using host = await openHost({ plugins: [filter(config)], upstreams: { app: {} } });
  const answer = await host.request({ headers: { "x-user": "jason", "x-request-id": "order-4711" } });

  expect(shown).toMatch(/^slow-for-jason;delay=\d+$/);
  expect(answer.header("x-fault")).toBe(shown);
});

test("a fault of five minutes in each hour begins and ends with them", async () => {
  await using host = await openHost({
    plugins: [
      filter({
        faults: [
          { name: "hourly", during: { each: "1h", for: "5m" }, abort: { status: 500 } },
          { name: "window", during: { from: "2030-05-01T14:30:00+02:00", until: "2030-05-01T13:30:00Z" }, response: { status: 501 } },
        ],
      }),
    ],
    upstreams: { app: {} },
    now: "2030-05-01T11:59:59.999Z",
  });
  const seen: [string, number][] = [];
  const look = async () => seen.push([host.now.toISOString().slice(11, 19), (await host.request()).status]);
  await look();
  for (const step of ["1ms", "4m", "59s", "1s", "25m", "30m", "30m", "5m"]) {
    host.advance(step === "59s" ? "59999ms" : step);
    await look();
  }

  expect(seen).toEqual([
    ["11:59:59", 200],
    ["12:00:00", 500],
    ["12:04:00", 500],
    ["12:04:59", 500],
    ["12:05:00", 200],
    ["12:30:00", 501],
    ["13:00:00", 500],
    ["13:30:00", 200],
    ["13:35:00", 200],
  ]);
});

test("chance is other for each worker, and near what was asked for", async () => {
  await using envoy = await openEnvoy({
    filters: [filter({ faults: [{ name: "some", abort: { status: 500, percentage: 30 } }] })],
    upstreams: { app: {} },
    concurrency: 2,
  });
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) {
    statuses.push(...(await Promise.all(Array.from({ length: 50 }, () => envoy.request()))).map(({ status }) => status));
  }
  const share = statuses.filter((status) => status === 500).length / statuses.length;

  // Of 1,000 with 30 %: outside of this once in 10^9.
  expect(share).toBeGreaterThan(0.21);
  expect(share).toBeLessThan(0.39);
});

test("the answer that opens a WebSocket keeps its status: what comes behind it would be taken for the next answer", async () => {
  await using envoy = await openEnvoy({
    filters: [filter({ faults: [{ name: "lying", response: { status: 503 } }] })],
    httpConnectionManager: { upgrade_configs: [{ upgrade_type: "websocket" }] },
    upstreams: {
      app: {
        protocol: "tcp",
        accept: (connection) => {
          connection.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nHELLO");
        },
      },
    },
  });
  const request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  const answer = (await raw(envoy.address(), request, { until: (received) => received.includes("HELLO") })).toString("latin1");

  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer).toMatch(/HELLO$/);
  expect(await counter(envoy, "lying", "responses_changed_total")).toBe(0);
  expect(await counter(envoy, "lying", "undecided_total")).toBe(1);
});
