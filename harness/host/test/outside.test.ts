// What the test's own code does to the host: slow, broken, leaving, wrong.
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { openHost } from "../index.ts";
import { lines, open, scripted } from "./support.ts";

test("a responder may need real time, while virtual time stands still", async () => {
  await using host = await open({});
  host.upstream("app").respond(async () => {
    await setTimeout(30);
    return { status: 201 };
  });
  const responses = await Promise.all([host.request(), host.request()]);

  expect(responses.map(({ status }) => status)).toEqual([201, 201]);
  expect(host.accessLog()[0]).toMatchObject({ duration: 0 });
});

test("an answer may be late by virtual time", async () => {
  await using host = await open({});
  host.upstream("app").respond({ status: 200, delay: "1.5s" });
  const response = await host.request();

  expect(response.header("x-envoy-upstream-service-time")).toBe("1500");
  expect(host.accessLog()[0]).toMatchObject({ duration: 1_500 });
});

test("a responder that throws, or answers nonsense, is an upstream that breaks; the log says why", async () => {
  await using host = await open({});
  host.upstream("app").respond(() => {
    throw new Error("out of ideas");
  });
  const thrown = await host.request();
  host.upstream("app").respond(() => undefined as never);
  const nothing = await host.request();
  host.upstream("app").respond({ status: 200 });

  expect([thrown.status, nothing.status]).toEqual([503, 503]);
  expect(host.logTail().join("\n")).toMatch(/the responder of upstream app failed: out of ideas/);
  expect((await host.request()).status).toBe(200);
});

test("a body that is generated arrives piece by piece, and one that breaks is a client that leaves", async () => {
  await using host = await open({ rb: "get_buffer_bytes 0 0 100" });
  const pieces = async function* (breaks: boolean) {
    yield "one";
    await setTimeout(5);
    if (breaks) throw new Error("generator");
    yield "two";
  };
  const whole = await host.request({ method: "POST", body: pieces(false) });

  expect(whole.status).toBe(200);
  expect(host.upstream("app").requests[0]?.text()).toBe("onetwo");
  await expect(host.request({ method: "POST", body: pieces(true) })).rejects.toThrow("generator");
  expect(lines(host).slice(-1)[0]).toMatch(/^delete /);
});

test("a signal aborts a request, before it begins and while it is under way", async () => {
  await using host = await open({ rh: "return 1" });
  const controller = new AbortController();
  const pending = host.request({ signal: controller.signal });
  controller.abort(new Error("enough"));

  await expect(pending).rejects.toThrow("enough");
  await expect(host.request({ signal: AbortSignal.abort(new Error("never")) })).rejects.toThrow("never");
  expect(host.accessLog()).toHaveLength(1);
});

test("a client's short timeout is not taken for a hang while a callout is under way", async () => {
  const rh = 'http_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 1000\nreturn 1';
  await using host = await open({ rh });
  host.upstream("app").respond({ delay: "800ms" });

  await expect(host.request({ timeout: 500 })).rejects.toThrow(/MS0409/);
});

test("waiting for a line ends with its virtual time, also when a timer never stops", async () => {
  await using host = await open({ configure: "set_tick_period_milliseconds 10", tick: "" });

  await expect(host.waitForLog("never", { timeout: 2_000 })).rejects.toThrow(
    /MS0409: no log line matching never within 2000 ms of virtual time/,
  );
  await expect(host.waitForAccessLog(1, { timeout: 100 })).rejects.toThrow(/MS0409: 0 entries/);
  expect(host.rootCounts()["scripted"]?.callbacks["proxy_on_tick"]).toBe(200 + 10);
});

test("counts of several workers are added, and plugins of one name are kept apart", async () => {
  const plugin = await scripted({ rh: "" });
  await using host = await openHost({ plugins: [plugin, { ...plugin, vmId: "another" }], workers: 2 });
  const { counts } = await host.request();

  expect(Object.keys(counts)).toEqual(["scripted", "scripted#2"]);
  expect(host.rootCounts()["scripted"]?.callbacks["proxy_on_configure"]).toBe(4);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ["no workers", () => openHost({ workers: 0 }), /workers must be a whole number above 0, got 0/],
  ["an option that does not exist", () => openHost({ upstreamz: {} } as never), /openHost: .*does not know upstreamz/],
  ["a failure policy that does not exist", () => open({}, {}, { failurePolicy: "FAIL_SOFT" as never }), /unknown failure policy FAIL_SOFT/],
  [
    "a setting within a setting",
    () => open({}, { httpConnectionManager: { common_http_protocol_options: { idle_timeout: "1s" } } }),
    /idle_timeout/,
  ],
  ["time that runs backward", async () => (await open({})).advance(-5), /advance\(\) takes milliseconds from 0 on/],
  ["an address that is none", async () => (await open({})).request({ source: "localhost" }), /source must be an address and a port/],
  [
    "more of a request that has ended",
    async () => {
      const stream = (await open({ rh: "return 1" })).stream({ method: "POST" });
      stream.end("all");
      stream.write("more");
    },
    /write\(\) after the end of the request/,
  ],
])("%s is refused in a line", async (_, act, reason) => {
  await expect(act()).rejects.toThrow(reason);
});

test("thousands of requests at a moment that stands still leave no timers behind", async () => {
  await using host = await open({}, { httpConnectionManager: { request_timeout: "30s" } });
  for (let i = 0; i < 2_000; i++) await host.request();
  host.upstream("app").clear();
  const { clock } = (host as unknown as { runtime: { clock: { heap: unknown[] } } }).runtime;

  expect(clock.heap.length).toBeLessThan(200);
});
