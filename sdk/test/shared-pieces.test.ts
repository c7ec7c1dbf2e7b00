// Pieces that filters share and that make host calls, on both hosts.
import fc from "fast-check";
import { expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import type { Host } from "../../harness/index.ts";
import { openHost } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

let opened = 0;
const plugin = async (config: Record<string, unknown> = {}) => ({
  name: "pieces",
  rootId: "pieces",
  // Shared data is the vm_id's: each test has its own.
  vmId: `pieces.${process.pid}.${++opened}`,
  wasm: await fixtureModule(),
  config,
});

onBothHosts((open, host) => {
  const start = async (config: Record<string, unknown> = {}, workers = 1) => {
    const target = await open({
      filters: [await plugin(config)],
      componentLogLevel: "wasm:info",
      ...(host === "Envoy" ? { concurrency: workers } : { workers }),
    });
    const ask = async (path: string, headers: Record<string, string> = {}) => (await target.request({ path, headers })).text();
    const lines = () => target.logs().wasm.map(({ message }) => message);
    return { target, ask, lines };
  };

  test("a slot counts for its key, begins anew when its time is over, and never gives up a live one", async () => {
    const { ask } = await start({ slots: 1, ways: 2 });
    const count = (key: string, now: number) => ask("/slot", { "x-a": key, "x-now": String(now) });
    expect([await count("a", 0), await count("a", 50), await count("b", 60), await count("a", 99)]).toEqual(["1", "2", "1", "3"]);
    // Both places are taken by live entries; a's time is over at 100, b's at 160.
    expect([await count("c", 99), await count("c", 100), await count("a", 100), await count("b", 159)]).toEqual(["full", "1", "full", "2"]);
    expect(await count("a", 160)).toBe("1");
  });

  test("who comes second with an older view of a slot is told, of another entry of the slot too", async () => {
    const { ask } = await start({ slots: 1, ways: 2 });
    expect(await ask("/slot/twice", { "x-a": "a", "x-b": "a", "x-now": "1" })).toBe("0 8");
    expect(await ask("/slot/twice", { "x-a": "a", "x-b": "b", "x-now": "1" })).toBe("0 8");
  });

  test("no count is lost when workers write into one slot at the same time", async () => {
    const { ask } = await start({ slots: 1, ways: 2 }, 2);
    const counts = await Promise.all(Array.from({ length: 200 }, () => ask("/slot", { "x-a": "all", "x-now": "0" })));
    expect(counts.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  test("each tuple of labels is a metric, found again, and above the limit all are one", async () => {
    const { target, ask } = await start({ limit: 3 });
    const stat = (tenant: string, verdict: string) =>
      target.stat(`wasmcustom.wasm_filter.pieces.tenant=.=${tenant};.;verdict=.=${verdict};.;requests_total`);
    for (const [tenant, verdict] of [
      ["acme", "ok"],
      ["acme", "ok"],
      ["acmeo", "k"],
      ["", "ok"],
    ])
      expect(await ask("/family", { "x-a": tenant ?? "", "x-b": verdict ?? "" })).toBe("0");
    expect(await ask("/family", { "x-a": "fourth", "x-b": "ok" })).toBe("1");
    expect(await ask("/family", { "x-a": "fifth", "x-b": "ok" })).toBe("2");
    expect(await ask("/family/wrong", { "x-a": "acme" })).toBe("3");
    expect([await stat("acme", "ok"), await stat("acmeo", "k"), await stat("", "ok")]).toEqual([2, 1, 1]);
    expect([await stat("__overflow__", "__overflow__"), await stat("fourth", "ok")]).toEqual([3, undefined]);
  });

  test("a label's value cannot end it early, break the exposition or be long", async () => {
    const { target, ask } = await start();
    await ask("/family", { "x-a": "a;.;verdict=.=evil", "x-b": "v".repeat(500) });
    const stats = await target.stats("wasmcustom\\.wasm_filter");
    expect([...stats]).toEqual([
      [`wasmcustom.wasm_filter.pieces.tenant=.=a_._verdict_.=evil;.;verdict=.=${"v".repeat(128)};.;requests_total`, 1],
    ]);
  });

  test("a structured line is one line of JSON whatever is in it, and none when the level is off", async () => {
    const { ask, lines } = await start();
    expect(await ask("/line", { "x-a": 'tab\t quote" back\\ \u00e9' })).toBe("logged");
    expect(await ask("/line/debug")).toBe("not logged");
    await eventually(() => expect(lines().filter((line) => line.startsWith("{"))).toHaveLength(1));
    const line = lines().find((one) => one.startsWith("{")) ?? "";
    // The client sends latin1: no UTF-8, so U+FFFD for the byte.
    const expected = { msg: 'a "line"\n', a: 'tab\t quote" back\\ \ufffd', b: "\u{1f600}\u0007", n: -7, d: 1.5, x: null, t: true };
    expect(JSON.parse(line)).toEqual(expected);
    expect(line).not.toMatch(/[\n\t]/);
  });
});

test("a state is told when it begins, what flaps at most once in a while and with how often", async () => {
  await using host: Host = await openHost({ plugins: [await plugin()] });
  const is = async (state: string) => (await host.request({ path: "/state", headers: { "x-a": state } })).text();
  expect([await is("answers"), await is("silent"), await is("silent")]).toEqual(["false", "true", "false"]);
  expect([await is("answers"), await is("silent"), await is("answers")]).toEqual(["false", "false", "false"]);
  host.advance("51ms");
  expect([await is("answers"), await is("answers")]).toEqual(["true", "false"]);
  host.advance("10s");
  expect([await is("answers"), await is("silent")]).toEqual(["false", "true"]);
  expect(
    host
      .logs()
      .wasm.map(({ message }) => message)
      .filter((line) => line.startsWith("pieces: ")),
  ).toEqual(["pieces: service: silent", "pieces: service: answers (changed 3 times)", "pieces: service: silent"]);
});

test("slots behave as a map with expiry, as long as there is room", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.constantFrom(..."abcdefgh"), step: fc.integer({ min: 0, max: 60 }) }), { maxLength: 60 }),
      async (steps) => {
        // Room for all keys in one slot: nothing is ever full.
        await using host = await openHost({ plugins: [await plugin({ slots: 1, ways: 8 })] });
        const model = new Map<string, { count: number; expires: number }>();
        let now = 0;
        for (const { key, step } of steps) {
          now += step;
          const before = model.get(key);
          const live = before !== undefined && before.expires > now;
          const entry = live ? { count: before.count + 1, expires: before.expires } : { count: 1, expires: now + 100 };
          model.set(key, entry);
          const answer = await host.request({ path: "/slot", headers: { "x-a": key, "x-now": String(now) } });
          expect(answer.text()).toBe(String(entry.count));
        }
      },
    ),
    { numRuns: 30 },
  );
});
