// Thousands of requests that are held at once, of which many leave: nothing is lost, nothing stays behind, and no timer runs for nobody.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import { type Target, closedLoop, openEnvoy, openHost } from "../../../harness/index.ts";
import type { FaultInjectionConfig } from "../config.ts";
import { faultInjectionModule } from "./support.ts";

const wasm = await faultInjectionModule();
/** Five thousand and some: each 1,024th request reports memory. */
const STREAMS = 5 * 1_024;
const REPORTED = 1_024;
const ROUNDS = 3;
/** Of those that streams leave behind some are there until they are collected: fewer than three for each stream of a round. */
const OBJECTS = 3 * STREAMS;

type Fault = NonNullable<FaultInjectionConfig["faults"]>[number];
const on = (header: string) => ({ when: [{ header, present: true }] });
const filters = (config: FaultInjectionConfig) => [{ name: "fault-injection", wasm, config, environment: { FAULT_SECRET: "open sesame" } }];
const direct = [{ match: { prefix: "/" }, direct_response: { status: 200 } }];

/** Held while they wait, and answered when they were asked to be. */
const crowd = (fixed: string): FaultInjectionConfig => ({
  maxActive: STREAMS,
  faults: [
    { name: "slow", ...on("x-slow"), delay: { fixed } },
    { name: "broken", ...on("x-break"), abort: { status: 503 } },
  ],
});
/** What of each three requests becomes: one goes on, one is answered, one leaves. */
const kinds = ["goes on", "is answered", "leaves"] as const;
const kindOf = (n: number) => kinds[n % 3] as (typeof kinds)[number];
const countOf = (kind: (typeof kinds)[number]) => Array.from({ length: STREAMS }, (_, n) => kindOf(n)).filter((one) => one === kind).length;
const headersOf = (n: number): Record<string, string> =>
  kindOf(n) === "is answered" ? { "x-slow": "1", "x-break": "1" } : { "x-slow": "1" };

/** How often which status came to whom: thousands of lines would say no more. */
function tally(answers: readonly number[]): Record<string, number> {
  const counts: Record<string, number> = {};
  answers.forEach((status, n) => {
    const what = `${kindOf(n)}: ${status}`;
    counts[what] = (counts[what] ?? 0) + 1;
  });
  return counts;
}
const EXPECTED = { "goes on: 200": countOf("goes on"), "is answered: 503": countOf("is answered"), "leaves: 0": countOf("leaves") };

const PREFIX = "wasmcustom.meshscript_fault_injection_";
const counter = (target: Target, fault: string, metric: string) =>
  target.stat(`wasmcustom.wasm_filter.fault-injection.fault=.=${fault};.;meshscript_fault_injection_${metric}`);

/** What is under way, for all and for each fault. */
async function active(target: Target): Promise<number[]> {
  return [...(await target.stats("meshscript_fault_injection_active")).values()];
}

async function memory(target: Target) {
  const of = async (name: string) => Number(await target.stat(`${PREFIX}${name}`));
  return { linear: await of("linear_memory_bytes"), objects: await of("live_objects") };
}

const complaints = (target: Target) => {
  const { wasm, envoy } = target.logs();
  return [...wasm, ...envoy.filter(({ component }) => component === "wasm")].filter(({ level }) => /warn|error|critical/.test(level));
};

describe("5,120 streams held at once, a third of which leave", () => {
  test("in the process: each gets what it should, nothing is under way behind them, and memory is as it was", async () => {
    await using host = await openHost({ filters: filters(crowd("2s")), routes: direct });
    const after: object[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const streams = Array.from({ length: STREAMS }, (_, n) => host.stream({ headers: headersOf(n) }));
      for (const stream of streams) stream.end();
      expect(streams.filter(({ paused }) => paused.request === "fault-injection")).toHaveLength(STREAMS);
      expect(await host.stat(`${PREFIX}active`)).toBe(STREAMS);
      host.advance("1s");
      streams.forEach((stream, n) => {
        if (kindOf(n) !== "leaves") return;
        stream.response.catch(() => undefined);
        stream.abort();
      });
      expect(await host.stat(`${PREFIX}active`)).toBe(STREAMS - countOf("leaves"));
      host.advance("1s");
      const answers = await Promise.all(streams.map(async ({ response }) => (await response.catch(() => undefined))?.status ?? 0));

      expect(tally(answers)).toEqual(EXPECTED);
      expect(await active(host)).toEqual([0, 0, 0]);
      expect(await counter(host, "slow", "delays_injected_total")).toBe(round * STREAMS);
      expect(await counter(host, "broken", "aborts_injected_total")).toBe(round * countOf("is answered"));
      for (let n = 0; n < REPORTED; n++) expect((await host.request()).status).toBe(200);
      after.push(host.linearMemory());
      expect((await memory(host)).objects).toBeLessThan(OBJECTS);
    }
    expect(host.failure).toBeUndefined();
    expect(await counter(host, "slow", "faults_overflow_total")).toBe(0);
    expect(complaints(host)).toEqual([]);
    expect(after[2]).toEqual(after[1]);
  });

  test("who leaves takes its place with it, however long it would have waited", async () => {
    await using host = await openHost({ filters: filters(crowd("24h")), routes: direct });
    const after: object[] = [];
    for (let round = 1; round <= 8; round++) {
      const streams = Array.from({ length: STREAMS }, () => host.stream({ headers: { "x-slow": "1" } }));
      for (const stream of streams) stream.response.catch(() => undefined);
      // Not in the order in which they came: each has a place somewhere in the heap.
      for (let n = 0; n < STREAMS; n++) streams[(n * 2_561) % STREAMS]?.abort();
      expect(await active(host)).toEqual([0, 0, 0]);
      after.push(host.linearMemory());
    }

    expect(after.at(-1)).toEqual(after[1]);
    expect(host.failure).toBeUndefined();
  });

  test("in Envoy: each gets what it should, nothing is under way behind them, and memory is as it was", async () => {
    await using envoy = await openEnvoy({ filters: filters(crowd("4s")), routes: direct, componentLogLevel: "wasm:info" });
    const { host, port } = envoy.address();
    const after: { linear: number; objects: number }[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const sessions = Array.from({ length: 64 }, () => connect(`http://${host}:${port}`));
      const streams = Array.from({ length: STREAMS }, (_, n) => begin(sessions[n % sessions.length] as ClientHttp2Session, headersOf(n)));
      await eventually(async () => expect(await counter(envoy, "slow", "delays_injected_total")).toBe(round * STREAMS), {
        timeout: 10_000,
      });
      streams.forEach(({ stream }, n) => {
        if (kindOf(n) === "leaves") stream.close(constants.NGHTTP2_CANCEL);
      });
      const answers = await Promise.all(streams.map(({ status }) => status));
      for (const session of sessions) session.destroy();

      expect(tally(answers)).toEqual(EXPECTED);
      await eventually(async () => expect(await active(envoy)).toEqual([0, 0, 0]));
      expect(await counter(envoy, "broken", "aborts_injected_total")).toBe(round * countOf("is answered"));
      expect(await closedLoop(envoy.address(), { requests: REPORTED })).toEqual(new Map([[200, REPORTED]]));
      after.push(await memory(envoy));
    }
    console.log(
      `${ROUNDS} x ${STREAMS} streams held: ${after.map(({ linear, objects }) => `${linear} bytes, ${objects} objects`).join("; ")}`,
    );

    expect(await counter(envoy, "slow", "faults_overflow_total")).toBe(0);
    expect(complaints(envoy)).toEqual([]);
    expect(after[2]?.linear).toBe(after[1]?.linear);
    expect(after.filter(({ objects }) => objects >= OBJECTS)).toEqual([]);
    // And it still does its work.
    expect((await envoy.request({ headers: { "x-break": "1" } })).status).toBe(503);
  });
});

/** A request over a connection that is open; its status, 0 when it was given up, -1 when it broke. */
function begin(session: ClientHttp2Session, headers: Record<string, string>): { stream: ClientHttp2Stream; status: Promise<number> } {
  const stream = session.request({ ":path": "/", ...headers });
  const status = new Promise<number>((resolve) => {
    let got = 0;
    stream.on("response", (head) => {
      got = Number(head[":status"]);
    });
    stream.on("error", () => {
      got = -1;
    });
    stream.on("close", () => resolve(got));
    stream.resume();
  });
  return { stream, status };
}

onBothHosts((open) => {
  test("those who wait at the same time get each the answer that they asked for", async () => {
    const headerControl = { secret: { env: "FAULT_SECRET" } };
    const target = await open({ filters: filters({ headerControl }), upstreams: { app: {} } });
    const asked = ["501", "502", "404", "204", "503"];
    const answers = await Promise.all(
      asked.map((status) => {
        const headers = { "x-fault-secret": "open sesame", "x-envoy-fault-delay-request": "500", "x-envoy-fault-abort-request": status };
        return target.request({ headers });
      }),
    );

    expect(answers.map(({ status }) => String(status))).toEqual(asked);
    expect(answers.map((answer) => answer.text())).toEqual(asked.map((status) => (status === "204" ? "" : "fault filter abort")));
  });

  test("who is held when the configuration changes is let go when it is time, as it was decided", async () => {
    const accessLog = { fault: "%FILTER_STATE(wasm.meshscript.fault-injection:PLAIN)%" };
    const config = crowd("1500ms");
    const target = await open({ filters: filters(config), upstreams: { app: {} }, accessLog, drainSeconds: 10 });
    const held = [{ "x-slow": "1" }, { "x-slow": "1", "x-break": "1" }].map((headers) => target.request({ headers }));
    await eventually(async () => expect(await target.stat(`${PREFIX}active`)).toBe(2));
    await target.update({ filters: filters({ ...config, faults: [{ name: "other", abort: { status: 418 } }] }) });

    expect((await target.request({ headers: { "x-slow": "1" } })).status).toBe(418);
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 503]);
    await eventually(async () => expect(await target.stat(`${PREFIX}active`)).toBe(0));
    expect((await target.waitForAccessLog(3)).map(({ fault }) => fault).sort()).toEqual([
      "other;abort",
      "slow;delay=1500",
      "slow;delay=1500, broken;abort",
    ]);
  });
});

describe("the timer", () => {
  const slow = (name: string, fixed: string): Fault => ({ name, ...on(`x-${name}`), delay: { fixed } });
  const faults = [slow("short", "100ms"), slow("middle", "300ms"), slow("long", "12s")];

  async function open() {
    const host = await openHost({ filters: filters({ faults }), upstreams: { app: {} } });
    const ticks = () => host.rootCounts()["fault-injection"]?.callbacks["proxy_on_tick"] ?? 0;
    const hold = (name: string) => host.stream({ headers: { [`x-${name}`]: "1" }, timeout: 60_000 });
    return { host, ticks, hold, [Symbol.asyncDispose]: () => host.stop() };
  }

  test("is off as long as nobody waits", async () => {
    await using one = await open();
    await one.host.request();
    one.host.advance("24h");

    expect(one.ticks()).toBe(0);
  });

  test("comes once for one, at its time and not before, and is off again", async () => {
    await using one = await open();
    const held = one.hold("middle");
    held.end();
    one.host.advance(299);
    expect([one.ticks(), held.paused.request]).toEqual([0, "fault-injection"]);
    one.host.advance(1);
    expect([one.ticks(), held.paused.request]).toEqual([1, undefined]);
    expect((await held.response).status).toBe(200);
    one.host.advance("24h");

    expect(one.ticks()).toBe(1);
  });

  test("comes for the next of several only, whoever came first, and once for those of one time", async () => {
    await using one = await open();
    const held = ["middle", "short", "long", "middle", "short"].map((name) => one.hold(name));
    for (const stream of held) stream.end();
    const waiting = () => held.map(({ paused }) => (paused.request === undefined ? "-" : "held")).join(" ");
    one.host.advance(99);
    expect([one.ticks(), waiting()]).toEqual([0, "held held held held held"]);
    one.host.advance(1);
    expect([one.ticks(), waiting()]).toEqual([1, "held - held held -"]);
    one.host.advance(199);
    expect([one.ticks(), waiting()]).toEqual([1, "held - held held -"]);
    one.host.advance(1);
    expect([one.ticks(), waiting()]).toEqual([2, "- - held - -"]);
    one.host.advance(11_699);
    expect([one.ticks(), waiting()]).toEqual([2, "- - held - -"]);
    one.host.advance(1);

    expect([one.ticks(), waiting()]).toEqual([3, "- - - - -"]);
    one.host.advance("24h");
    expect(one.ticks()).toBe(3);
  });

  test("comes once in vain when who it was for has left, and then for the next", async () => {
    await using one = await open();
    const [short, middle] = [one.hold("short"), one.hold("middle")];
    short.response.catch(() => undefined);
    short.abort();
    one.host.advance(100);
    expect([one.ticks(), middle.paused.request]).toEqual([1, "fault-injection"]);
    one.host.advance(200);
    expect([one.ticks(), middle.paused.request]).toEqual([2, undefined]);
    one.host.advance("24h");

    expect(one.ticks()).toBe(2);
    expect(await active(one.host)).toEqual([0, 0, 0, 0]);
  });
});
