import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { LogStream } from "../logs.ts";

const LINE = '[2026-01-02 03:04:05.678][7][warning][http] [source/x.cc:9] broken \\"pipe\\"\n';
const WASM =
  "[2026-01-02 03:04:05.679][8][error][wasm] [source/extensions/common/wasm/context.cc:1] wasm log authz root: denied: a\\nb\\u0000\n";

test("lines come apart however the bytes are cut", () => {
  const whole = `starting\n${LINE}${WASM}`;
  for (let cut = 0; cut <= whole.length; cut += 7) {
    const logs = new LogStream(new PassThrough().resume());
    logs.push(whole.slice(0, cut));
    logs.push(whole.slice(cut));
    const { envoy, wasm, other, mark } = logs.get();
    expect(envoy).toEqual([
      {
        time: "2026-01-02 03:04:05.678",
        thread: 7,
        level: "warning",
        component: "http",
        location: "source/x.cc:9",
        message: 'broken "pipe"',
      },
    ]);
    expect(wasm).toMatchObject([{ source: "authz root", level: "error", message: "denied: a\nb\0" }]);
    expect([other, mark]).toEqual([["starting"], 3]);
  }
});

test("the text of a line stays on one line", () => {
  const logs = new LogStream(new PassThrough().resume());
  logs.push(WASM);
  expect(logs.tail()).toEqual(["[2026-01-02 03:04:05.679][8][error][wasm] wasm log authz root: denied: a\\nb\\x00"]);
});

test("a wait sees lines that are there, lines that come, and the end", async () => {
  const logs = new LogStream(new PassThrough().resume());
  logs.push(LINE);
  await expect(logs.waitFor("broken")).resolves.toContain("[http]");
  const { mark } = logs.get();
  const later = logs.waitFor(/denied/g, { from: mark });
  const never = logs.waitFor("broken", { from: mark });
  logs.push(WASM);
  await expect(later).resolves.toContain("denied");
  logs.push("a last line without an end");
  logs.end();
  await expect(never).rejects.toThrow(/before Envoy ended/);
  expect(logs.get().other).toEqual(["a last line without an end"]);
});

test("the oldest lines of a long life are forgotten, and marks stay true", async () => {
  const logs = new LogStream(new PassThrough().resume());
  const push = (from: number, to: number) => {
    for (let i = from; i < to; i++) logs.push(`line ${i}\n`);
  };
  push(0, 60_000);
  const { mark } = logs.get();
  const waiting = logs.waitFor("line 60001", { from: mark });
  push(60_000, 120_000);

  expect(mark).toBe(60_000);
  expect(await waiting).toBe("line 60001");
  expect(logs.lines.length).toBeLessThanOrEqual(50_000);
  expect(logs.since(119_999)).toEqual(["line 119999"]);
  expect(logs.get().other.length).toBeLessThanOrEqual(50_000);
});
