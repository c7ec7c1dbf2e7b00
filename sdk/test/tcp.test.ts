import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import type { Target, TcpConnection } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

onBothHosts((open) => {
  let target: Target;
  let mark = 0;

  beforeAll(async () => {
    const wasm = await fixtureModule();
    target = await open({
      listeners: { tcp: { tcp: { filters: [{ name: "tcp", rootId: "tcp", vmId: "tcp", wasm, config: {} }] } } },
      upstreams: { db: { protocol: "tcp" }, authorizer: {} },
      componentLogLevel: "wasm:info",
    });
  });

  beforeEach(() => {
    target.upstream("db").clear();
    mark = target.logs().wasm.length;
  });
  afterEach(() => target.upstream("authorizer").respond({ status: 200 }));

  const said = () =>
    target
      .logs()
      .wasm.slice(mark)
      .map(({ message }) => message.replace(/^\[[^\]]*\] /, ""));
  const saidIt = (line: string) => eventually(() => expect(said()).toContain(line));
  const accepted = async (): Promise<TcpConnection> => {
    await eventually(() => expect(target.upstream("db").connections.length).toBe(1));
    return target.upstream("db").connections[0] as TcpConnection;
  };
  /** Says something to the upstream and waits until it is there. */
  const say = async (text: string, there = text) => {
    const client = target.connect();
    client.write(text);
    const upstream = await accepted();
    await upstream.receive(there);
    return { client, upstream };
  };

  test("a connection brings its bytes in both directions, its ends, and its end, in order", async () => {
    const { client, upstream } = await say("hello");
    upstream.write("welcome");
    await client.receive("welcome");
    client.end();
    await upstream.closed();
    upstream.end();
    await client.closed();
    await saidIt("delete, continue 2");

    expect(said().filter((line) => !line.startsWith("refused"))).toEqual([
      "new from loopback",
      "down hello",
      "up welcome",
      "down  end",
      "up  end",
      "the upstream has ended",
      "closed by Envoy",
      "done, close 2",
      "log",
      "delete, continue 2",
    ]);
  });

  test("bytes are edited to any length, in both directions", async () => {
    const { client, upstream } = await say("longer", "<<longer>>");
    upstream.write("secret");
    await client.receive("[hidden]");
    client.end();
    upstream.end();
    await client.closed();

    expect(upstream.text()).toBe("<<longer>>");
    expect(client.text()).toBe("[hidden]");
  });

  test("what is stopped comes again with what follows", async () => {
    const client = target.connect();
    client.write("gather");
    await saidIt("down gather");
    client.write("ed");
    const upstream = await accepted();
    await upstream.receive("gathered");
    client.end();
    upstream.end();
    await client.closed();

    await saidIt("down gathered");
    expect(upstream.text()).toBe("gathered");
  });

  test("what is stopped goes on from a timer, which can read it", async () => {
    const { client, upstream } = await say("hold");
    client.end();
    upstream.end();
    await client.closed();

    await saidIt("tick: hold");
    expect(said().filter((line) => line === "down hold")).toHaveLength(1);
  });

  test("a callout decides: the bytes go on, or the connection ends", async () => {
    const { client, upstream } = await say("ask");
    client.end();
    upstream.end();
    await client.closed();
    await saidIt("may 200");

    target.upstream("db").clear();
    target.upstream("authorizer").respond({ status: 403 });
    const other = target.connect();
    other.write("ask");
    const refused = await accepted();
    expect(await other.closed()).toBe("end");
    await refused.closed();
    expect(refused.text()).toBe("");
    await saidIt("may 403");
  });

  test("a filter ends the connection on both sides, and nothing of what came went on", async () => {
    const client = target.connect();
    client.write("close");
    const upstream = await accepted();

    expect(await client.closed()).toBe("end");
    await upstream.closed();
    expect(upstream.text()).toBe("");
    await eventually(() => expect(said()).toEqual(expect.arrayContaining(["closes 0", "closed by Envoy", "log"])));
  });

  test("a client that resets is told apart, and hurts no other connection", async () => {
    const { client, upstream } = await say("hello");
    client.reset();
    // Before 1.40, Envoy made an end of it for the upstream.
    await upstream.closed();
    await saidIt("closed by the client");
    target.upstream("db").clear();
    const { client: next, upstream: its } = await say("hello");
    next.end();
    its.end();

    expect(await next.closed()).toBe("end");
    expect(target.logs().wasm.filter(({ level }) => level === "critical")).toEqual([]);
  });
});
