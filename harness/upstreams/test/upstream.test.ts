import { describe, expect, test } from "vitest";
import "../../expect/index.ts";
import { IncompleteResponse, openUpstream, send } from "../../index.ts";

describe.each(["http/1.1", "h2c"] as const)("an upstream that speaks %s", (protocol) => {
  test("answers 200 until it is told otherwise, and by request", async () => {
    await using upstream = await openUpstream({ protocol });
    expect(await send(upstream.address, { protocol })).toHaveStatus(200);
    upstream.respond((request) => ({ status: request.path === "/a" ? 201 : 404, headers: { "x-method": request.method } }));
    const response = await send(upstream.address, { protocol, method: "PUT", path: "/a" });
    expect(response).toHaveStatus(201);
    expect(response).toHaveHeader("x-method", "PUT");
    expect(upstream.requests).toHaveLength(2);
  });

  test("tells when headers arrive, before the answer, and holds the answer until it may go", async () => {
    let go: (value: unknown) => void = () => undefined;
    const delay = new Promise((resolve) => {
      go = resolve;
    });
    await using upstream = await openUpstream({ protocol, respond: { delay, body: "late" } });
    const second = upstream.received(2);
    const first = send(upstream.address, { protocol, path: "/1" });
    expect((await upstream.received()).path).toBe("/1");
    const other = send(upstream.address, { protocol, path: "/2" });
    expect((await second).path).toBe("/2");
    expect((await upstream.received()).path).toBe("/2");
    go(undefined);
    expect((await first).text() + (await other).text()).toBe("latelate");
  });

  test("breaks the connection before the headers or in the middle of the body", async () => {
    await using upstream = await openUpstream({ protocol });
    upstream.reset();
    const before = await send(upstream.address, { protocol }).catch((error: unknown) => error);
    expect(before).toBeInstanceOf(IncompleteResponse);
    expect((before as IncompleteResponse).partial).toBeUndefined();
    upstream.respond({ status: 200, headers: { "content-length": "100" }, body: "half", reset: "mid-body" });
    const middle = await send(upstream.address, { protocol }).catch((error: unknown) => error);
    expect(middle).toBeInstanceOf(IncompleteResponse);
  });

  test("hands its responder the body, and forgets on clear()", async () => {
    await using upstream = await openUpstream({ protocol, respond: async (request) => ({ body: (await request.complete).body }) });
    expect((await send(upstream.address, { protocol, method: "POST", body: '{"a":1}' })).json()).toEqual({ a: 1 });
    expect(upstream.requests[0]?.json()).toEqual({ a: 1 });
    upstream.clear();
    expect([upstream.requests.length, upstream.arrivals.length]).toEqual([0, 0]);
    await send(upstream.address, { protocol, path: "/again", body: "x" });
    expect((await upstream.received()).path).toBe("/again");
  });

  test("says how many came when it waits in vain", async () => {
    await using upstream = await openUpstream({ protocol }, "users");
    await send(upstream.address, { protocol });
    await expect(upstream.received(2, { timeout: 20 })).rejects.toThrow(
      "MS0409: upstream users received 1 requests within 20 ms, number 2 was waited for",
    );
  });

  test("stops although a request hangs", async () => {
    const upstream = await openUpstream({ protocol, respond: () => new Promise(() => undefined) });
    const hanging = send(upstream.address, { protocol }).catch((error: unknown) => error);
    await upstream.received();
    await upstream.stop();
    expect(await hanging).toBeInstanceOf(IncompleteResponse);
    expect(() => upstream.address).toThrow(/not running/);
  });
});
