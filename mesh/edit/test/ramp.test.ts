import { describe, expect, test } from "vitest";
import { type RampEvent, ramp } from "../ramp.ts";
import { type Counts, between, successRate } from "../success-rate.ts";

/** A world in which time passes when somebody sleeps, and each step's requests fail as a script says. */
function world(script: { requests: number; failed: number }[] = []) {
  let [now, slept] = [0, 0];
  let total = { completed: 0, failed: 0 };
  const log: string[] = [];
  const stop = new AbortController();
  return {
    log,
    stop,
    signal: stop.signal,
    tell: (event: RampEvent) => log.push(event.type === "set" ? `${now} ms: ${event.step}` : `rate ${event.rate}`),
    counts: async (): Promise<Counts> => new Map([["web", { ...total }]]),
    work: {
      set: async (weights: readonly number[]) => void log.push(`set ${weights.join("/")}`),
      restore: async () => void log.push("restored"),
      sleep: async (milliseconds: number) => {
        stop.signal.throwIfAborted();
        now += milliseconds;
        const { requests = 0, failed = 0 } = script[slept] ?? {};
        slept += 1;
        total = { completed: total.completed + requests, failed: total.failed + failed };
      },
    },
  };
}

const steps = [
  [90, 10],
  [50, 50],
  [0, 100],
];

describe("a ramp", () => {
  test("keeps each step for its time, and ends with the last", async () => {
    const { log, work, signal, tell } = world();
    expect(await ramp({ steps, each: 60_000 }, work, signal, tell)).toEqual({ end: "done" });
    expect(log).toEqual(["set 90/10", "0 ms: 1", "set 50/50", "60000 ms: 2", "set 0/100", "120000 ms: 3"]);
  });

  test("watches every step, the last too, by what happened during it", async () => {
    const { log, work, signal, tell, counts } = world([
      { requests: 100, failed: 1 },
      { requests: 0, failed: 0 },
      { requests: 10, failed: 0 },
    ]);
    expect(await ramp({ steps, each: 1000, abort: { below: 0.99, counts } }, work, signal, tell)).toEqual({ end: "done" });
    expect(log.filter((line) => line.startsWith("rate"))).toEqual(["rate 0.99", "rate undefined", "rate 1"]);
  });

  test("goes back at the step that fails, and no further", async () => {
    const { log, work, signal, tell, counts } = world([
      { requests: 1000, failed: 0 },
      { requests: 10, failed: 1 },
    ]);
    const end = await ramp({ steps, each: 1000, abort: { below: 0.99, counts } }, work, signal, tell);
    expect(end).toEqual({ end: "restored", step: 2, rate: 0.9 });
    expect(log.slice(-3)).toEqual(["1000 ms: 2", "rate 0.9", "restored"]);
  });

  test("stops where it is when it is told to, in a pause or before the next step", async () => {
    const first = world();
    first.work.set = async () => void first.log.push(String(first.stop.abort()));
    expect(await ramp({ steps, each: 1000 }, first.work, first.signal, first.tell)).toEqual({ end: "stopped", step: 1 });
    const before = world();
    before.stop.abort();
    expect(await ramp({ steps, each: 1000 }, before.work, before.signal, before.tell)).toEqual({ end: "stopped", step: 0 });
    expect(before.log).toEqual([]);
  });

  test("does not take a failure for a stop", async () => {
    const { work, signal, tell } = world();
    await expect(
      ramp({ steps, each: 1, abort: { below: 1, counts: () => Promise.reject(new Error("gone")) } }, work, signal, tell),
    ).rejects.toThrow("gone");
  });
});

describe("requests between two moments", () => {
  test("are those of all proxies; one that was started in between counts from 0", () => {
    const before = new Map([
      ["a", { completed: 100, failed: 50 }],
      ["restarted", { completed: 100, failed: 0 }],
      ["gone", { completed: 7, failed: 7 }],
    ]);
    const after = new Map([
      ["a", { completed: 110, failed: 51 }],
      ["restarted", { completed: 4, failed: 1 }],
      ["new", { completed: 6, failed: 0 }],
    ]);
    expect(between(before, after)).toEqual({ completed: 20, failed: 2 });
    expect(successRate(between(before, after))).toBe(0.9);
    expect(successRate({ completed: 0, failed: 0 })).toBeUndefined();
  });
});
