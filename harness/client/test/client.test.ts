import { type Server, createServer } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import "../../expect/index.ts";
import { IncompleteResponse, openEnvoy, openUpstream, raw, send } from "../../index.ts";
import { ResponseParser } from "../http1-parser.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers every connection with these bytes, once it has seen `after` in what it received. */
async function bytes(answer: string, after = "\r\n\r\n", close = true): Promise<{ host: string; port: number; received: () => string }> {
  let received = "";
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      received += data.toString("latin1");
      if (!received.includes(after)) return;
      if (close) socket.end(answer, "latin1");
      else socket.write(answer, "latin1");
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { host: "127.0.0.1", port: address.port, received: () => received };
}

describe("HTTP/1.1 on the wire", () => {
  test("is exactly what was given: order, repetition, case and bytes of the headers", async () => {
    const server = await bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    await send(server, {
      method: "PURGE",
      path: "/a?b",
      headers: [
        ["X-B", "1"],
        ["Host", "h"],
        ["x-a", "\xff\x80"],
        ["x-b", ""],
      ],
    });
    expect(server.received()).toBe("PURGE /a?b HTTP/1.1\r\nX-B: 1\r\nHost: h\r\nx-a: \xff\x80\r\nx-b: \r\n\r\n");
  });

  test("adds a host, and a length only to a request with a body", async () => {
    const bare = await bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    await send(bare, {});
    expect(bare.received()).toBe(`GET / HTTP/1.1\r\nhost: 127.0.0.1:${bare.port}\r\n\r\n`);
    const full = await bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "\xc3\xa9");
    expect(await send(full, { method: "POST", body: "é" })).toHaveStatus(200);
    expect(full.received()).toContain("content-length: 2\r\n\r\n\xc3\xa9");
  });

  test("sends pieces as chunks, with trailers", async () => {
    const server = await bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "x-t: 2\r\n\r\n");
    await send(server, {
      body: ["ab", "", Buffer.from("c")],
      trailers: [
        ["x-t", "1"],
        ["x-t", "2"],
      ],
      headers: { host: "h" },
    });
    expect(server.received()).toBe(
      "GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nx-t: 1\r\nx-t: 2\r\n\r\n",
    );
  });

  test("reads chunked answers with trailers, interim answers, and odd status codes", async () => {
    const answer =
      "HTTP/1.1 103 Early\r\nlink: a\r\n\r\nHTTP/1.1 600 Odd One\r\nA: 1\r\na:2 \r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nt: 1\r\n\r\n";
    const response = await send(await bytes(answer), {});
    expect(response).toHaveStatus(600);
    expect(response).toHaveHeader("a", ["1", "2"]);
    expect([response.reason, response.text(), response.trailers, response.informational]).toEqual(["Odd One", "abc", [["t", "1"]], [103]]);
  });

  test("reads the same however the bytes are cut", () => {
    const whole = Buffer.from("HTTP/1.1 200 OK\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n4\r\nwiki\r\n5\r\npedia\r\n0\r\nt: 1\r\n\r\n");
    fc.assert(
      fc.property(fc.array(fc.nat(whole.length), { maxLength: 8 }), (cuts) => {
        const parser = new ResponseParser(false);
        const marks = [0, ...cuts.sort((a, b) => a - b), whole.length];
        for (let i = 1; i < marks.length; i += 1) parser.push(whole.subarray(marks[i - 1], marks[i]));
        expect(parser.done).toBe(true);
        expect(parser.parts).toMatchObject({ status: 200, trailers: [["t", "1"]] });
        expect(parser.parts?.body.toString()).toBe("wikipedia");
      }),
    );
  });

  test("reads a body of a given length, and one that ends with the connection", async () => {
    const given = await send(await bytes("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1", "\r\n\r\n", false), {});
    expect(given.text()).toBe("abc");
    const open = await send(await bytes("HTTP/1.0 200\r\nx: y\r\n\r\nall of it"), {});
    expect([open.httpVersion, open.text()]).toEqual(["1.0", "all of it"]);
  });

  test("has no body for HEAD, 204 and 304", async () => {
    const head = await send(await bytes("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"), { method: "HEAD" });
    expect(head.body).toHaveLength(0);
    for (const status of [204, 304]) expect(await send(await bytes(`HTTP/1.1 ${status} -\r\nx: y\r\n\r\n`), {})).toHaveStatus(status);
  });
});

describe("an answer that does not end", () => {
  const partOf = (promise: Promise<unknown>): Promise<IncompleteResponse> =>
    promise.then(
      () => Promise.reject(new Error("it should have failed")),
      (error: unknown) => (error instanceof IncompleteResponse ? error : Promise.reject(error)),
    );

  test("is an error that carries what came", async () => {
    const error = await partOf(send(await bytes("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"), {}));
    expect(error.message).toContain("MS0408: the connection was closed after status 200, 1 headers and 3 bytes of body");
    expect(error.partial?.text()).toBe("abc");
    expect((await partOf(send(await bytes(""), {}))).partial).toBeUndefined();
  });

  test("is an error after the timeout", async () => {
    const error = await partOf(send(await bytes("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "\r\n\r\n", false), { timeout: 50 }));
    expect(error.code).toBe("MS0409");
    expect(error.partial?.status).toBe(200);
  });

  test("can be given up, over both protocols, and the upstream sees the client leave", async () => {
    await using envoy = await openEnvoy({ upstreams: { app: { respond: () => new Promise(() => undefined) } } });
    for (const protocol of ["http/1.1", "h2c"] as const) {
      const leaving = envoy.request({ path: "/slow", protocol });
      await envoy.upstream("app").received();
      leaving.abort();
      await expect(leaving).rejects.toThrow(/aborted/);
      const [entry] = (await envoy.waitForAccessLog(protocol === "h2c" ? 2 : 1)).slice(-1);
      expect(entry).toMatchObject({ details: expect.stringMatching(/downstream|remote/) as unknown, flags: "DC" });
    }
    envoy.upstream("app").respond({ status: 204 });
    expect(await envoy.request()).toHaveStatus(204);
  });
});

describe("through Envoy to an upstream and back", () => {
  for (const protocol of ["http/1.1", "h2c"] as const) {
    for (const behind of ["http/1.1", "h2c"] as const) {
      test(`from ${protocol} to ${behind}: repeated headers in order, every byte, body, trailers`, async () => {
        await using envoy = await openEnvoy({ upstreams: { app: { protocol: behind } } });
        const app = envoy.upstream("app");
        app.respond({
          status: 207,
          headers: [
            ["x-r", "1"],
            ["x-bytes", "\x80\xe9\xff"],
            ["x-r", "2"],
          ],
          body: ["part one, ", Buffer.from("part two")],
          trailers: [
            ["grpc-status", "0"],
            ["x-t", "b"],
          ],
        });
        const response = await envoy.request({
          method: "POST",
          path: "/p?q=1",
          protocol,
          headers: [
            ["te", "trailers"],
            ["x-q", "1"],
            ["x-q", "2"],
            ["x-bytes", "\x80\xe9\xff"],
            ["x-empty", ""],
          ],
          body: [Buffer.from([0, 255]), "é"],
          trailers: [["x-sum", "9"]],
        });
        expect(response).toHaveStatus(207);
        expect(response).toHaveHeader("x-r", ["1", "2"]);
        expect(response).toHaveHeader("x-bytes", ["\x80\xe9\xff"]);
        expect(response.text()).toBe("part one, part two");
        expect(response.trailers).toEqual([
          ["grpc-status", "0"],
          ["x-t", "b"],
        ]);
        const [request] = app.requests;
        expect(request).toMatchObject({ method: "POST", path: "/p?q=1", httpVersion: behind === "h2c" ? "2.0" : "1.1" });
        expect(request?.headerValues("x-q")).toEqual(["1", "2"]);
        expect(request).toHaveHeader("x-bytes", ["\x80\xe9\xff"]);
        expect(request).toHaveHeader("x-empty", [""]);
        expect(request?.body).toEqual(Buffer.from([0, 255, 0xc3, 0xa9]));
        expect(request?.trailers).toEqual([["x-sum", "9"]]);
      });
    }
  }

  test.each(["http/1.1", "h2c"] as const)("1,025 headers and 60 KiB of them over %s, when Envoy is told to take them", async (protocol) => {
    const httpConnectionManager = { common_http_protocol_options: { max_headers_count: 2_000 }, max_request_headers_kb: 96 };
    const upstreams = { app: { protocol } };
    await using envoy = await openEnvoy({ upstreams, httpConnectionManager });
    const many = Array.from({ length: 1_025 }, (_, i): [string, string] => [`x-${i}`, String(i)]);
    expect(await envoy.request({ protocol, headers: many })).toHaveStatus(200);
    expect(await envoy.request({ protocol, headers: { "x-large": "v".repeat(60 * 1_024) } })).toHaveStatus(200);
    const [first, second] = envoy.upstream("app").requests;
    expect(first?.headers.filter(([name]) => /^x-\d+$/.test(name))).toEqual(many);
    expect(second?.header("x-large")).toHaveLength(60 * 1_024);
  });

  test("bytes that no client would send, and all that comes back", async () => {
    await using envoy = await openEnvoy();
    const answer = (await envoy.raw("GET / HTTP/1.1\r\nx: a\x00b\r\n\r\n")).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const two = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    const both = await envoy.raw(two + two, { until: (all) => (all.toString().match(/HTTP\/1\.1 200/g)?.length ?? 0) === 2 });
    expect(both.toString()).toContain("server: envoy");
    await expect(envoy.raw("GET /", { timeout: 50 })).rejects.toThrow(/MS0409/);
  });
});

test("raw and send work against an upstream alone", async () => {
  await using upstream = await openUpstream({ respond: { body: "alone" } });
  expect((await send(upstream.address, {})).text()).toBe("alone");
  expect((await raw(upstream.address, "GET / HTTP/1.1\r\n\r\n", { idle: 20 })).toString()).toMatch(/alone$/);
});
