import { expect, test } from "vitest";
import { lines, open } from "./support.ts";

const held = { rh: "set_tick_period_milliseconds 50\nlet stream = $ctx\nreturn 1" };
const released = { ...held, tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0" };

test("time stands still until it is told to pass, and timers fire exactly then", async () => {
  await using host = await open(released);
  const pending = host.request();
  host.advance(49);
  const before = [pending.stream.paused, pending.stream.over];
  host.advance("1ms");

  expect(before).toEqual([{ request: "scripted" }, false]);
  expect(pending.stream.over).toBe(true);
  expect(host.accessLog()[0]).toMatchObject({ status: 200, duration: 50 });
});

test("awaiting an answer lets as much time pass as it takes", async () => {
  await using host = await open(released, { now: "2030-05-01T12:00:00Z" });
  const start = performance.now();
  const response = await host.request();

  expect(response.status).toBe(200);
  expect(host.now.toISOString()).toBe("2030-05-01T12:00:00.050Z");
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("a timer goes on with its period, and two workers tick on their own", async () => {
  await using host = await open({ configure: "set_tick_period_milliseconds 100", tick: "" }, { workers: 2 });
  host.advance("1s");

  expect(lines(host).filter((line) => line === "tick 1")).toHaveLength(20);
});

test("a callout that nobody answers times out after what it asked for", async () => {
  const rh = 'let stream = $ctx\nhttp_call "app" {":method" = "GET", ":path" = "/side", ":authority" = "side"} "" {} 250\nreturn 1';
  const callout = 'get_header_map_value 6 ":status"\nset_effective_context $stream\ncontinue_stream 0';
  await using host = await open({ rh, callout });
  host.upstream("app").respond(({ path }) => (path === "/side" ? { delay: new Promise(() => undefined) } : {}));
  const response = await host.request();

  expect(response.status).toBe(200);
  expect(lines(host)).toContain('callout get_header_map_value 6 ":status" = 0 "504"');
  expect(host.accessLog()[0]).toMatchObject({ duration: 250 });
});

test("a route's timeout ends what an upstream never answers", async () => {
  await using host = await open({});
  host.upstream("app").respond({ delay: new Promise(() => undefined) });
  const response = await host.request({ timeout: 60_000 });

  expect(response.status).toBe(504);
  expect(response.text()).toBe("upstream request timeout");
  expect(host.accessLog()[0]).toMatchObject({ details: "response_timeout", flags: "UT", duration: 15_000 });
});

test("a client gives up after its own timeout", async () => {
  await using host = await open({});
  host.upstream("app").respond({ delay: new Promise(() => undefined) });

  await expect(host.request({ timeout: 2_000 })).rejects.toThrow(/MS0409: no complete answer within 2000 ms/);
  expect(host.accessLog()[0]).toMatchObject({ details: "downstream_remote_disconnect", duration: 2_000 });
});

test("the same seed gives the same run, another one another", async () => {
  const run = async (seed: string) => {
    await using host = await open({ rh: "random_get 8" }, { seed });
    await host.request();
    return [host.upstream("app").requests[0]?.header("x-request-id"), ...lines(host)];
  };

  expect(await run("a")).toEqual(await run("a"));
  expect(await run("a")).not.toEqual(await run("b"));
  expect((await run("a"))[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("time passes to the nanosecond, also by what no binary fraction is", async () => {
  await using host = await open({});
  // 1024.638 * 1e6 is 1024637999.9999999.
  for (const ms of [1024.638, 0.000001, 0.1]) host.advance(ms);

  expect((await host.request()).status).toBe(200);
  expect(host.now.getTime()).toBe(Date.parse("2026-01-01T00:00:01.024Z"));
});
