import { expect, test } from "vitest";
import { probeModule } from "../../../test/probes/module/build.ts";
import { type HostOptions, openHost } from "../index.ts";
import { lines, scripted } from "./support.ts";

async function open(script: Record<string, string> = {}, options: HostOptions = {}) {
  const filter = { ...(await scripted(script)), name: "scripted", wasm: await probeModule() };
  return openHost({ listeners: { db: { tcp: { filters: [filter] } } }, upstreams: { db: { protocol: "tcp" }, app: {} }, ...options });
}

test("time passes while a test waits for bytes: a filter's timer lets them go", async () => {
  await using host = await open({
    "down.1": "let stream = $ctx\nset_tick_period_milliseconds 5000\nreturn 1",
    tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 2",
  });
  const before = host.now.getTime();
  const client = host.connect();
  client.write("ping");
  const [server] = host.upstream("db").connections;

  expect(server?.received).toHaveLength(0);
  await server?.receive("ping", { timeout: 6_000 });
  expect(host.now.getTime() - before).toBe(5_000);
});

test("what does not come fails when nothing more can happen", async () => {
  await using host = await open({ "down.1": "return 1" });
  const client = host.connect();
  client.write("ping");
  const [server] = host.upstream("db").connections;

  await expect(server?.receive("ping")).rejects.toThrow(/MS0409: "ping" did not come/);
  expect(server?.ended).toBeUndefined();
});

test("a listener speaks HTTP or TCP: the other verb says so", async () => {
  await using host = await open();
  await using http = await openHost({ upstreams: { app: {} } });

  expect(() => host.request()).toThrow(/MS0407: the listener db speaks TCP: use connect\(\)/);
  expect(() => http.connect()).toThrow(/MS0407: the listener main speaks HTTP/);
  await expect(openHost({ tcp: {} })).rejects.toThrow(/MS0407: the listener main has no cluster/);
});

test("a request that a route sends to a tcp upstream is refused by name", async () => {
  await using host = await openHost({ upstreams: { db: { protocol: "tcp" } }, mayEnd: true });

  await expect(host.request()).rejects.toThrow(/MS0703: a request to the upstream db, which speaks `tcp`/);
});

test("connections go round the workers, and stop() ends those that are open", async () => {
  const host = await open({}, { workers: 2 });
  const [one, two] = [host.connect(), host.connect()];
  const threads = () =>
    host
      .logs()
      .wasm.filter(({ message }) => message.startsWith("conn "))
      .map(({ thread }) => thread);
  expect(threads()).toEqual([1, 2]);
  await host.stop();

  expect([one.ended, two.ended]).toEqual(["reset", "reset"]);
  expect(lines(host).filter((line) => line.startsWith("downclose"))).toHaveLength(2);
  expect(() => host.connect()).toThrow(/MS0704/);
});

test("a callback that does not return is cut off for connections, too", async () => {
  await using host = await open({ conn: "spin" }, { callbackLimit: "500ms", mayEnd: true });
  host.connect();

  expect(host.running).toBe(false);
  expect(() => host.connect()).toThrow(/MS0705: scripted: proxy_on_new_connection did not return/);
});
