import { type RequestListener, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { closedLoop } from "../index.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serving(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

test("sends so many and counts by status, whether an answer has a body or not, and in how many pieces it comes", async () => {
  let n = 0;
  const address = await serving((_, response) => {
    n++;
    if (n % 3 === 0) return void response.writeHead(204).end();
    response.writeHead(n % 3 === 1 ? 200 : 503, { "content-length": 6 });
    response.write("a\r\n");
    setImmediate(() => response.end("\r\nb"));
  });

  expect(await closedLoop(address, { requests: 30, connections: 1 })).toEqual(
    new Map([
      [200, 10],
      [503, 10],
      [204, 10],
    ]),
  );
  expect(n).toBe(30);
});

test("each request may have headers of its own, by its number", async () => {
  const seen: string[] = [];
  const address = await serving(({ headers }, response) => {
    seen.push(String(headers["x-n"]));
    response.writeHead(200, { "content-length": 0 }).end();
  });

  await closedLoop(address, { requests: 20, headers: (n) => (n === 3 ? [] : [["x-n", `n${n}`]]), connections: 4 });

  expect(seen.sort()).toEqual([...Array.from({ length: 20 }, (_, n) => (n === 3 ? "undefined" : `n${n}`))].sort());
});

test("ends when it is told to, and what is under way then is answered", async () => {
  const over = new AbortController();
  let answered = 0;
  const address = await serving((_, response) => {
    if (++answered === 50) over.abort();
    response.writeHead(200, { "content-length": 0 }).end();
  });

  const statuses = await closedLoop(address, { until: over.signal, connections: 4 });

  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBe(answered);
  expect(answered).toBeLessThanOrEqual(54);
});

test("a connection that ends early fails it, and ends the others", async () => {
  let answered = 0;
  const open = new Set<Socket>();
  const address = await serving(({ socket }, response) => {
    open.add(socket.once("close", () => open.delete(socket)));
    if (++answered === 20) socket.destroy();
    else response.writeHead(200, { "content-length": 0 }).end();
  });
  const { signal } = new AbortController();

  await expect(closedLoop(address, { until: signal, connections: 4 })).rejects.toThrow("closed a connection before all answers came");
  await expect.poll(() => open.size).toBe(0);
});
