// What connections cost, what they leave behind, and what a host that fails does to them.
import { describe, expect, test } from "vitest";
import { type Host, everyFault, openHost } from "../../../harness/host/index.ts";
import type { TcpConnection } from "../../../harness/index.ts";
import type { MetricsConfig } from "../config.ts";
import { metricsModule } from "./support.ts";

const wasm = await metricsModule();
const open = (config: MetricsConfig = {}) =>
  openHost({
    listeners: { db: { tcp: { filters: [{ name: "metrics", wasm, config: { reporter: "destination", ...config } }], cluster: "db" } } },
    upstreams: { db: { protocol: "tcp", accept: echo } },
    componentLogLevel: "wasm:info",
  });

function echo(connection: TcpConnection): void {
  let sent = 0;
  connection.onData = () => {
    connection.write(connection.received.subarray(sent));
    sent = connection.received.length;
  };
  connection.onEnd = () => connection.end();
}

/** A connection that has sent and received a text. */
async function talked(host: Host, text: string): Promise<TcpConnection> {
  const client = host.connect();
  client.write(text);
  await client.receive(text);
  return client;
}
const end = async (client: TcpConnection) => {
  client.end();
  await client.closed();
};
const sum = async (host: Host, name: string) =>
  [...(await host.stats(`^wasmcustom\\.(.*;\\.;)?istio_tcp_${name}$`)).values()].reduce((all, one) => all + one, 0);

describe("cost", () => {
  test("data costs no callback, and a connection's later reports read two properties", async () => {
    await using host = await open({ reportingInterval: "1s" });
    const client = await talked(host, "hello");
    host.advance("1500ms");
    const first = { ...host.rootCounts()["metrics"]?.hostCalls };
    client.write("again");
    await client.receive("helloagain");
    host.advance("1s");
    const second = host.rootCounts()["metrics"]?.hostCalls ?? {};
    const cost = Object.fromEntries(Object.entries(second).map(([name, calls]) => [name, calls - (first[name] ?? 0)]));

    expect(cost).toMatchObject({ proxy_get_property: 2, proxy_increment_metric: 2 });
    expect(cost["proxy_define_metric"]).toBe(0);
    expect(Object.keys(host.rootCounts()["metrics"]?.callbacks ?? {})).not.toContain("proxy_on_downstream_data");
    expect(await sum(host, "sent_bytes_total")).toBe(10);
  });

  test("without connections there are no ticks", async () => {
    await using host = await open({ reportingInterval: "100ms" });
    const ticks = () => host.rootCounts()["metrics"]?.callbacks["proxy_on_tick"] ?? 0;
    host.advance("10s");
    const before = ticks();
    await end(await talked(host, "hello"));
    host.advance("10s");
    const after = ticks();
    host.advance("10s");

    expect(before).toBe(0);
    expect(after).toBeLessThanOrEqual(1);
    expect(ticks()).toBe(after);
  });
});

test("memory is the same after 8,000 connections, 500 of them at once, and after as many again", async () => {
  await using host = await open({ reportingInterval: "100ms" });
  const round = async () => {
    for (let n = 0; n < 1_500; n++) await end(await talked(host, "abc"));
    const clients: TcpConnection[] = [];
    for (let n = 0; n < 500; n++) clients.push(await talked(host, "abc"));
    host.advance("300ms");
    for (const client of clients) client.reset();
    return host.linearMemory()["meshscript.metrics"];
  };
  const after: (number | undefined)[] = [];
  // Garbage is collected now and then: how much there is at once differs between the first rounds.
  for (let n = 0; n < 8; n++) after.push(await round());
  console.log(`metrics, TCP: ${JSON.stringify(after)}`);

  expect(after[7]).toBe(after[3]);
  expect(after[7]).toBeLessThanOrEqual(2 * 1_024 * 1_024);
  expect([await sum(host, "connections_opened_total"), await sum(host, "connections_closed_total")]).toEqual([16_000, 16_000]);
  expect(await sum(host, "received_bytes_total")).toBe(48_000);
});

test("every host call fails in turn: no trap, no connection notices, and who comes later is counted", async () => {
  const lost: string[] = [];
  const outcomes = await everyFault(
    () => open({ reportingInterval: "100ms", maxSeries: 3 }),
    async (host) => {
      const stays = await talked(host, "hello");
      await end(await talked(host, "abc"));
      host.advance("300ms");
      stays.write("more");
      await stays.receive("hellomore");
      host.advance("300ms");
      await end(stays);
      const failed = [...new Set(host.faults)].sort().join(", ");
      if ((await sum(host, "connections_closed_total")) !== 2) lost.push(failed);
      host.fail(undefined);
      const before = await sum(host, "connections_closed_total");
      await end(await talked(host, "later"));
      if (!failed.includes("define_metric")) expect(await sum(host, "connections_closed_total")).toBe(before + 1);
    },
    { callbacks: ["proxy_on_new_connection", "proxy_on_tick", "proxy_on_log"] },
  );
  const wrong = outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined);

  expect(wrong.map(({ error, ...one }) => ({ ...one, error: String(error) }))).toEqual([]);
  expect(lost.filter((name) => !/increment_metric|define_metric/.test(name))).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(60);
});
