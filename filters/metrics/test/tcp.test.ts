// What is counted of TCP connections, while they last and when they are over.
import { once } from "node:events";
import { type Socket, createServer } from "node:net";
import { connect } from "node:tls";
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../../harness/expect/index.ts";
import {
  type ConfigObject,
  type OpenTarget,
  type Target,
  type TcpConnection,
  bootstrap,
  cluster,
  openEnvoy,
  type openHost,
  tcpListener,
} from "../../../harness/index.ts";
import { twoIdentities } from "../../../test/support/two-identities.ts";
import type { MetricsConfig } from "../config.ts";
import { type Labels, counted, metricsModule, nobody, ownAs, seriesOf, served, service, workload } from "./support.ts";

const { server, client } = await twoIdentities();
const wasm = await metricsModule();
const filter = (config: MetricsConfig) => [{ name: "metrics", wasm, config }];

/** Answers each byte with two. */
function twice(connection: TcpConnection): void {
  let answered = 0;
  connection.onData = () => {
    connection.write("x".repeat(2 * (connection.received.length - answered)));
    answered = connection.received.length;
  };
  connection.onEnd = () => connection.end();
}

const { response_code: _code, grpc_response_status: _status, ...unknown } = nobody;
const tcp: Labels = { ...unknown, request_protocol: "tcp" };
const destination: Labels = { ...tcp, ...ownAs("destination"), ...served, reporter: "destination", connection_security_policy: "none" };

const NAMES = ["connections_opened_total", "connections_closed_total", "sent_bytes_total", "received_bytes_total"];
/** Of each metric the sum over its series: opened, closed, sent, received. */
async function sums(target: Target): Promise<number[]> {
  const all = await Promise.all(NAMES.map((name) => seriesOf(target, `istio_tcp_${name}`)));
  return all.map((series) => series.reduce((sum, { count }) => sum + count, 0));
}
const becomes = (target: Target, ...wanted: number[]) => eventually(async () => expect(await sums(target)).toEqual(wanted));

async function talk(client: TcpConnection, text: string): Promise<void> {
  const before = client.received.length;
  client.write(text);
  await client.receive(before + 2 * text.length);
}
async function end(client: TcpConnection): Promise<void> {
  client.end();
  await client.closed();
}

onBothHosts((open, host) => {
  const openWith = (config: MetricsConfig, more: Partial<Parameters<OpenTarget>[0]> = {}) =>
    open({
      listeners: { db: { tcp: { filters: filter(config), cluster: "db" } } },
      upstreams: { db: { protocol: "tcp", accept: twice } },
      ...more,
    });

  test("a connection is one that was opened and closed, with its bytes, and all four have the labels of the destination", async () => {
    const target = await openWith({ reporter: "destination", workload, service });
    const client = target.connect();
    await talk(client, "hello");
    await talk(client, "you");
    await end(client);
    await becomes(target, 1, 1, 16, 8);

    for (const name of NAMES) {
      const all = await seriesOf(target, `istio_tcp_${name}`);
      expect(
        all.map(({ labels }) => labels),
        name,
      ).toEqual([destination]);
    }
    expect(Object.keys((await seriesOf(target, "istio_tcp_sent_bytes_total"))[0]?.labels ?? {})).toEqual(Object.keys(tcp));
    expect(await target.stats("istio_request|istio_response")).toEqual(new Map());
  });

  test("the source's labels say where it went", async () => {
    const name = "outbound|9080||reviews.default.svc.cluster.local";
    const target = await open({
      listeners: { db: { tcp: { filters: filter({ reporter: "source", workload }), cluster: name } } },
      upstreams: { [name]: { protocol: "tcp", accept: twice } },
    });
    const client = target.connect();
    await talk(client, "a");
    await end(client);

    expect((await counted(target, 1, "istio_tcp_connections_closed_total"))[0]?.labels).toEqual({
      ...{ ...tcp, ...ownAs("source"), ...served },
      reporter: "source",
    });
  });

  test("while it lasts it is reported again and again, each byte once", async () => {
    const target = await openWith({ reporter: "destination", reportingInterval: "100ms" });
    const client = target.connect();
    await talk(client, "hello");
    await becomesLater(target, "150ms", 1, 0, 10, 5);
    await talk(client, "again");
    await becomesLater(target, "150ms", 1, 0, 20, 10);
    await talk(client, "bye");
    await end(client);

    await becomes(target, 1, 1, 26, 13);
    expect(await seriesOf(target, "istio_tcp_connections_opened_total")).toHaveLength(1);
  });

  test("many that are due at once are all reported, and one that is over is not reported again", async () => {
    const target = await openWith({ reporter: "destination", reportingInterval: "200ms" });
    const clients = Array.from({ length: 200 }, () => target.connect());
    await Promise.all(clients.map((client) => talk(client, "abc")));
    await becomesLater(target, "250ms", 200, 0, 1200, 600);
    for (const client of clients.splice(50, 100)) await end(client);
    await becomes(target, 200, 100, 1200, 600);
    for (const client of clients) await talk(client, "d");
    await becomesLater(target, "250ms", 200, 100, 1400, 700);
    for (const client of clients) client.reset();

    await becomes(target, 200, 200, 1400, 700);
    expect(await target.stats("meshscript_metrics_series_overflow_total")).toEqual(
      new Map([["wasmcustom.meshscript_metrics_series_overflow_total", 0]]),
    );
  });

  test("overrides name them as Istio's Telemetry API does", async () => {
    const target = await openWith({
      reporter: "destination",
      overrides: [
        { match: { metric: "TCP_SENT_BYTES" }, disabled: true },
        { match: { metric: "TCP_OPENED_CONNECTIONS" }, tagOverrides: { response_flags: { operation: "REMOVE" } } },
        { match: { metric: "TCP_CLOSED_CONNECTIONS" }, tagOverrides: { port: { value: { attribute: "destination.port" } } } },
        { match: { metric: "TCP_RECEIVED_BYTES" }, tagOverrides: { tenant: { value: { header: "x-tenant" } } } },
      ],
    });
    const client = target.connect();
    await talk(client, "hello");
    await end(client);
    await becomes(target, 1, 1, 0, 5);
    const labels = async (name: string) => (await seriesOf(target, `istio_tcp_${name}`))[0]?.labels ?? {};

    expect(Object.keys(await labels("connections_opened_total"))).not.toContain("response_flags");
    expect((await labels("connections_closed_total"))["port"]).toMatch(/^\d+$/);
    expect((await labels("received_bytes_total"))["tenant"]).toBe("unknown");
    expect(await seriesOf(target, "istio_tcp_sent_bytes_total")).toEqual([]);
  });

  test("what is above the bound of series is in one, and counted", async () => {
    const target = await openWith({
      reporter: "destination",
      maxSeries: 2,
      overrides: [{ tagOverrides: { client: { value: { attribute: "source.port" } } } }],
    });
    for (let i = 0; i < 5; i++) {
      const client = target.connect();
      await talk(client, "a");
      await end(client);
    }
    await becomes(target, 5, 5, 10, 5);
    const all = await seriesOf(target, "istio_tcp_connections_closed_total");

    expect(all.map(({ count }) => count).sort()).toEqual([1, 1, 3]);
    expect(all.filter(({ labels }) => labels["client"] === "__overflow__").map(({ count }) => count)).toEqual([3]);
    expect(await target.stat("wasmcustom.meshscript_metrics_series_overflow_total")).toBe(3);
  });

  test("connections that were open when the configuration changed are counted to their end", async () => {
    const target = await openWith({ reporter: "destination", workload: { name: "old" } });
    const before = target.connect();
    await talk(before, "abc");
    await target.update({
      listeners: { db: { tcp: { filters: filter({ reporter: "destination", workload: { name: "new" } }), cluster: "db" } } },
      upstreams: { db: { protocol: "tcp", accept: twice } },
    });
    const after = target.connect();
    await talk(after, "de");
    await end(after);
    before.reset();

    await becomes(target, 2, 2, 10, 5);
    const all = await seriesOf(target, "istio_tcp_received_bytes_total");
    expect(all.map(({ labels, count }) => `${labels["destination_workload"]}: ${count}`).sort()).toEqual(["new: 2", "old: 3"]);
  });

  /** After a report is due: on the in-process host time passes only when it is told to. */
  async function becomesLater(target: Target, interval: string, ...wanted: number[]): Promise<void> {
    if (host !== "Envoy") (target as Awaited<ReturnType<typeof openHost>>).advance(interval);
    await becomes(target, ...wanted);
  }
});

/** A server on loopback. */
async function listen(accept: (socket: Socket) => void) {
  const server = createServer(accept).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return { address: { host: address.address, port: address.port }, [Symbol.asyncDispose]: async () => void server.close() };
}

describe("on Envoy", () => {
  test("mutual TLS says who both are, at the first report as at the last", async () => {
    await using app = await listen((socket) => socket.on("data", (data) => socket.write("x".repeat(2 * data.length))));
    await using envoy = await openEnvoy({
      config: bootstrap({
        listeners: [
          tcpListener({ filters: filter({ reporter: "destination", workload, service }), cluster: "db", tls: { identity: server } }),
        ],
        clusters: [cluster({ name: "db", endpoints: [app.address] })],
      }),
    });
    const { chain: cert, privateKey: key, trustBundle: ca } = client;
    const socket = connect({ ...envoy.address(), cert, key, ca, checkServerIdentity: () => undefined });
    socket.write("hello");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toBe("x".repeat(10));
    socket.end();
    await becomes(envoy, 1, 1, 10, 5);
    const labels = {
      ...destination,
      ...{ connection_security_policy: "mutual_tls", source_workload_namespace: "shop" },
      source_principal: "spiffe://cluster.local/ns/shop/sa/productpage",
      destination_principal: "spiffe://cluster.local/ns/default/sa/reviews",
    };

    for (const name of NAMES) expect((await seriesOf(envoy, `istio_tcp_${name}`)).map(({ labels }) => labels)).toEqual([labels]);
  });

  test("the flags say why there was no upstream", async () => {
    const dead: ConfigObject = cluster({ name: "dead", endpoints: [{ host: "127.0.0.1", port: 1 }] });
    await using envoy = await openEnvoy({
      config: bootstrap({
        listeners: [tcpListener({ filters: filter({ reporter: "destination" }), cluster: "dead" })],
        clusters: [dead],
      }),
    });
    const connection = envoy.connect();
    await connection.closed();
    await becomes(envoy, 1, 1, 0, 0);

    for (const name of NAMES) {
      const all = await seriesOf(envoy, `istio_tcp_${name}`);
      expect(all.map(({ labels }) => labels["response_flags"])).toEqual(["UF,URX"]);
    }
  });

  test("sums are those of Envoy's own tcp_proxy, whoever ends the connections and however", async () => {
    await using envoy = await openEnvoy({
      listeners: { db: { tcp: { filters: filter({ reporter: "destination", reportingInterval: "100ms" }), cluster: "db" } } },
      upstreams: { db: { protocol: "tcp", accept: twice } },
      concurrency: 2,
    });
    const clients = Array.from({ length: 300 }, () => envoy.connect());
    await Promise.all(clients.map((client, i) => talk(client, "y".repeat(1 + (i % 7) * 1000))));
    await Promise.all(clients.map((client, i) => (i % 3 === 0 ? client.reset() : i % 3 === 1 ? end(client) : undefined)));
    const silent = envoy.connect();
    await end(silent);
    for (const connection of envoy.upstream("db").connections) connection.reset();
    const own = async (name: string) => (await envoy.stat(`tcp.db.${name}`)) ?? 0;
    await eventually(async () => expect(await own("downstream_cx_total")).toBe(301));
    const bytes = clients.reduce((sum, _client, i) => sum + 1 + (i % 7) * 1000, 0);

    await becomes(envoy, 301, 301, 2 * bytes, bytes);
    expect([await own("downstream_cx_tx_bytes_total"), await own("downstream_cx_rx_bytes_total")]).toEqual([2 * bytes, bytes]);
  });
});
