// The same tests run on the in-process host and on Envoy.
import { fileURLToPath } from "node:url";
import type { Target, TcpConnection } from "meshscript/harness";
import { eventually, onBothHosts } from "meshscript/harness/expect";
import { expect, test } from "vitest";

const wasm = fileURLToPath(new URL("../build/tcp-limit.wasm", import.meta.url));
const filter = (config: object) => ({ name: "tcp-limit", wasm, config });

onBothHosts((open) => {
  const opened = (config: object) =>
    open({ listeners: { redis: { tcp: { filters: [filter(config)] } } }, upstreams: { redis: { protocol: "tcp", accept: echo } } });
  const stat = (target: Target, name: string) => target.stat(`wasmcustom.tcp_limit_${name}`);
  /** A connection that has been let through. */
  const connected = async (target: Target, text = "hello") => {
    const client = target.connect();
    client.write(text);
    await client.receive(text);
    return client;
  };

  test("lets a client have as many connections as it may, and closes the next before the upstream hears of it", async () => {
    const target = await opened({ connectionsPerClient: 2 });
    const [first] = [await connected(target), await connected(target)];
    const third = target.connect();

    await third.closed();
    expect(target.upstream("redis").connections).toHaveLength(2);
    expect(await stat(target, "refused_total")).toBe(1);
    await eventually(async () => expect(await stat(target, "open")).toBe(2));
    first?.write(" again");
    await first?.receive("hello again");
  });

  test("a connection that ends makes room for another, whoever ends it", async () => {
    const target = await opened({ connectionsPerClient: 1 });
    for (const end of [(client: TcpConnection) => client.end(), (client: TcpConnection) => client.reset()]) {
      const client = await connected(target);
      end(client);
      await eventually(async () => expect(await stat(target, "open")).toBe(0));
    }

    expect((await connected(target)).ended).toBeUndefined();
    expect(await stat(target, "refused_total")).toBe(0);
  });

  test("a client that says nothing is closed in time, one that has spoken is not", async () => {
    const target = await opened({ firstByteTimeout: "300ms" });
    const speaks = await connected(target);
    const silent = target.connect();

    expect(await silent.closed()).toBe("end");
    expect(await stat(target, "silent_total")).toBe(1);
    speaks.write(" again");
    await speaks.receive("hello again");
    expect(speaks.ended).toBeUndefined();
  });

  test("refuses a configuration that makes no sense, with its place", async () => {
    await expect(opened({ connectionsPerClient: 0 })).rejects.toThrow(/connectionsPerClient .*line 1, column 25/);
    await expect(opened({ firstByteTimeout: "5 seconds" })).rejects.toThrow(/firstByteTimeout/);
  });
});

/** Sends back what comes. */
function echo(connection: TcpConnection): void {
  let sent = 0;
  connection.onData = () => {
    connection.write(connection.received.subarray(sent));
    sent = connection.received.length;
  };
  connection.onEnd = () => connection.end();
}
