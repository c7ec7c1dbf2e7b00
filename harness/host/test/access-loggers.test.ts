// Wasm access loggers as an option. What one sees in its callback, and when it comes: test/probes/list/access-loggers.ts.
import { expect, test } from "vitest";
import type { Script } from "../../../test/probes/script.ts";
import { eventually, onBothHosts } from "../../expect/index.ts";
import type { WasmFilterSpec } from "../../index.ts";
import { scripted } from "./support.ts";

const logger = async (name: string, script: Script = {}) => (await scripted(script, { name })) as WasmFilterSpec;

onBothHosts((open) => {
  test("an access logger that refuses its configuration is refused by name, and an update with it changes nothing", async () => {
    const refusing = await logger("refusing", { configure: "return 0" });
    await expect(open({ accessLoggers: [refusing] })).rejects.toThrow(/MS0402.*Unable to create Wasm (plugin|.*) refusing/s);

    const target = await open({ accessLoggers: [await logger("audit")], upstreams: { app: {} } });
    await expect(target.update({ accessLoggers: [refusing] })).rejects.toThrow(/MS0403/);
    await target.request();
    await target.waitForLog(/\blog 1$/);
  });

  test("each listener has its own, or those of all", async () => {
    const target = await open({
      accessLoggers: [await logger("all", { log: 'fd_write 1 "all"' })],
      listeners: {
        edge: {},
        inner: { accessLoggers: [await logger("inner", { log: 'fd_write 1 "inner"' })] },
        quiet: { accessLoggers: [] },
      },
    });
    const said = () => target.logs().wasm.flatMap(({ message }) => (/^(all|inner)$/.test(message) ? [message] : []));
    for (const listener of ["quiet", "edge", "inner", "edge"]) await target.request({ listener });

    await eventually(() => expect(said()).toEqual(["all", "inner", "all"]));
  });

  test("a stream that began before an update is told to the logger that was there then, and only then that one ends", async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const target = await open({
      accessLoggers: [await logger("old", { log: 'fd_write 1 "old"', delete: 'fd_write 1 "old is gone"' })],
      upstreams: { app: { respond: ({ path }) => (path === "/held" ? { delay: held } : {}) } },
      drainSeconds: 5,
    });
    // On a worker: the main thread's root, which serves nobody, ends by itself.
    const said = () => {
      const { wasm, envoy } = target.logs();
      const main = envoy.find(({ component }) => component === "main")?.thread;
      return wasm.flatMap(({ message, thread }) => (thread !== main && /^(old|new)/.test(message) ? [message] : []));
    };
    const slow = target.request({ path: "/held" });
    await target.upstream("app").received();
    await target.update({ accessLoggers: [await logger("new", { log: 'fd_write 1 "new"' })] });
    await target.request();
    await eventually(() => expect(said()).toEqual(["new"]));

    answer();
    expect((await slow).status).toBe(200);
    await eventually(() => expect(said()).toEqual(["new", "old", "old is gone"]), { timeout: 8_000 });
  });
});
