import { beforeAll, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import type { Target } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

onBothHosts((open, host) => {
  let wasm: string;
  let target: Target;
  const echo = (name: string, config: unknown, vmId = "echo") => ({
    name,
    rootId: "echo",
    vmId,
    wasm,
    ...(config === undefined ? {} : { config }),
  });

  beforeAll(async () => {
    wasm = await fixtureModule();
  }, 120_000);

  const greetings = () => target.upstream("app").requests.at(-1)?.headerValues("x-greeting");

  test("two configurations in one VM stay apart", async () => {
    target = await open({ filters: [echo("first", { greeting: "one" }), echo("second", { greeting: "two" })], upstreams: { app: {} } });
    const response = await target.request();

    expect(greetings()).toEqual(["one", "two"]);
    expect(response.headerValues("x-greeting")).toEqual(["two", "one"]);
    expect(await target.stat("wasm.envoy.wasm.runtime.v8.active")).toBe(3); // base VM, worker, and one for the plugin: one VM key
  });

  test("an empty configuration replaces an earlier one", async () => {
    target = await open({ filters: [echo("echo", { greeting: "one" })], upstreams: { app: {} } });
    await target.request();
    const before = greetings();
    await target.update({ filters: [echo("echo", undefined)] });
    await target.request();

    expect(before).toEqual(["one"]);
    expect(greetings()).toEqual(["none"]);
  });

  test("a configuration that is wrong is refused with one line, and the old one stays", async () => {
    target = await open({ filters: [echo("echo", { greeting: "one" })], upstreams: { app: {} } });
    const refused = target.update({ filters: [echo("echo", { greting: "two", edits: 1 })] });
    await expect(refused).rejects.toThrow(/Unable to create Wasm plugin echo/);
    const lines = target
      .logs()
      .wasm.filter((line) => line.level === "error")
      .map((line) => line.message);
    await target.request();

    expect(lines[0]).toMatch(
      /^\[echo #\d+\] configuration refused: edits \(line 1, column 26\): must be true or false, got 1; greting \(line 1, column 3\): unknown field; known: greeting, edits$/,
    );
    expect(greetings()).toEqual(["one"]);
  });

  test("a field that nobody reads is refused by name, with those that are known", async () => {
    const start = open({ filters: [echo("echo", { greting: "two" })], upstreams: { app: {} } });

    await expect(start).rejects.toThrow(/greting \(line 1, column 3\): unknown field; known: greeting, edits/);
  });

  test("a configuration update under traffic loses no request, and the old root is torn down", async () => {
    target = await open({ filters: [echo("echo", { greeting: "0" })], upstreams: { app: {} }, drainSeconds: 1 });
    const statuses: number[] = [];
    let running = true;
    const clients = Array.from({ length: 4 }, async () => {
      while (running) statuses.push((await target.request()).status);
    });
    for (let i = 1; i <= 5; i++) await target.update({ filters: [echo("echo", { greeting: String(i) })] });
    running = false;
    await Promise.all(clients);
    await target.request();
    await target.waitForLog("root deleted: 4");

    expect(greetings()).toEqual(["5"]);
    expect(statuses.length).toBeGreaterThan(host === "Envoy" ? 20 : 4);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(target.logs().wasm.filter((line) => line.level === "critical")).toEqual([]);
  });

  test("a plugin that is removed is torn down without a trap, and one that comes back works", async () => {
    target = await open({ filters: [echo("echo", { greeting: "one" })], upstreams: { app: {} } });
    await target.request();
    await target.update({ filters: [] });
    const without = await target.request();
    await target.waitForLog("root deleted: one");
    await target.update({ filters: [echo("echo", { greeting: "again" })] });
    await target.request();

    expect(without.status).toBe(200);
    expect(greetings()).toEqual(["again"]);
    expect(target.logs().wasm.filter((line) => line.level === "critical")).toEqual([]);
  });

  test("a request that Envoy answers before the chain reaches onLogOnly and nothing else", async () => {
    target = await open({ filters: [echo("echo", {})], upstreams: { app: {} } });
    const answer = await target.request({ headers: { "bad header": "1" } });
    await target.waitForLog(/log only: \d+ headers, status 400$/);
    const next = await target.request();

    expect(answer.status).toBe(400);
    expect(next.status).toBe(200);
    expect(target.upstream("app").requests).toHaveLength(1);
  });

  test("an access logger hears of every stream, on its root, and reads what came of it", async () => {
    target = await open({ accessLoggers: [echo("logger", {})], upstreams: { app: { respond: { status: 201 } } } });
    for (const path of ["/a", "/b"]) expect((await target.request({ path })).status).toBe(201);

    const lines = () => target.logs().wasm.filter(({ message }) => /^log only: \d+ headers, status 201$/.test(message));
    await eventually(() => expect(lines()).toHaveLength(2));
  });

  test("a root_id that the module does not have is refused by name", async () => {
    const start = open({ filters: [{ name: "x", rootId: "nobody", wasm, config: {} }], upstreams: { app: {} } });

    await expect(start).rejects.toThrow(/root_id "nobody" is none of this module: misuse, callout, echo, facilities/);
  });

  test("a root may put its end off, works on, and is deleted once it says done", async () => {
    // The VM lives on with the new configuration's root; with the last root of a VM Envoy drops the VM at once, done or not.
    const facilities = (linger: boolean) => ({ filters: [{ name: "x", rootId: "facilities", wasm, config: { linger } }] });
    target = await open({ ...facilities(true), upstreams: { app: {} }, drainSeconds: 1 });
    await target.update(facilities(false));
    await target.waitForLog("facilities deleted");
    const lines = target.logs().wasm.map((line) => line.message);

    expect(lines).toContain("done early: 1");
    expect(lines).toContain("lingered, then done: 0");
    expect(lines.indexOf("lingered, then done: 0")).toBeLessThan(lines.indexOf("facilities deleted"));
  });
});
