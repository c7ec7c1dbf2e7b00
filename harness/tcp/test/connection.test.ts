import { expect, test } from "vitest";
import { type TcpConnection, openUpstream } from "../../index.ts";
import { connectTcp } from "../socket.ts";

/** A client and the server's end of its connection. */
async function pair() {
  let accepted: (connection: TcpConnection) => void = () => undefined;
  const server = new Promise<TcpConnection>((resolve) => {
    accepted = resolve;
  });
  const upstream = await openUpstream({ protocol: "tcp", accept: accepted });
  const client = connectTcp(upstream.address);
  return { upstream, client, server: await server };
}

test("bytes go both ways, and each side ends by itself", async () => {
  const { upstream, client, server } = await pair();
  client.write("ping");
  client.end("!");
  expect((await server.receive("ping!")).toString()).toBe("ping!");
  expect(await server.closed()).toBe("end");
  server.write(Buffer.from([0, 255]));
  server.end();

  expect(await client.receive(2)).toEqual(Buffer.from([0, 255]));
  expect(await client.closed()).toBe("end");
  expect(upstream.connections).toHaveLength(1);
  await upstream.stop();
});

test("a reset is told apart from an end, and what came before it stays", async () => {
  const { upstream, client, server } = await pair();
  server.write("half");
  await client.receive("half");
  client.reset();

  expect(await server.closed()).toBe("reset");
  expect([client.text(), client.ended]).toEqual(["half", "reset"]);
  await upstream.stop();
});

test("a connection that is refused is reset, and what is sent on it is lost", async () => {
  const upstream = await openUpstream({ protocol: "tcp" });
  const { address } = upstream;
  await upstream.stop();
  const client = connectTcp(address);

  expect(await client.closed()).toBe("reset");
  client.write("nobody");
  client.end();
  expect(client.received).toHaveLength(0);
});

test("waiting for what does not come fails in time, and says what came", async () => {
  const { upstream, client, server } = await pair();
  server.write("some");
  await client.receive("some");

  await expect(client.receive("more", { timeout: 20 })).rejects.toThrow(/MS0409: "more" did not come within 20 ms; what came: "some"/);
  await expect(client.closed({ timeout: 20 })).rejects.toThrow(/MS0409: the end did not come/);
  server.end();
  await expect(client.receive(9)).rejects.toThrow(/9 bytes did not come before the connection ended \(end\); what came: "some"/);
  client.end();
  await upstream.stop();
});
