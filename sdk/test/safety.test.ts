// Section 0 of what real Envoy does: the calls that crash it, hang a stream, or let something be smuggled. One Envoy, a listener per case:
// had one of them crashed it, all would fail.
import { beforeAll, describe, expect, test } from "vitest";
import { MeshscriptError } from "../../diagnostics/index.ts";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import { type Envoy, type Target, route } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

const REFUSED = 2;
const OK = 0;

interface Case {
  do: string;
  at: string;
  status: number;
  /** What the client gets [200]. */
  code?: number;
  /** What the log says when it was refused. */
  why?: RegExp;
  body?: string;
}

const cases: Case[] = [
  { do: "continueResponse", at: "requestHeaders", status: REFUSED, why: /before this filter's onResponseHeaders/ },
  { do: "continueResponse", at: "requestBody", status: REFUSED, body: "hello" },
  { do: "continueResponse", at: "tick", status: REFUSED },
  { do: "replyThenContinueResponse", at: "requestHeaders", status: REFUSED, code: 403 },
  { do: "continueResponse", at: "responseHeaders", status: OK },
  { do: "continueRequest", at: "requestHeaders", status: OK, body: "hello" },
  { do: "continueRequest", at: "requestBody", status: OK, body: "hello" },
  { do: "continueRequest", at: "responseHeaders", status: OK, body: "hello" },
  { do: "methodHead", at: "requestHeaders", status: REFUSED, why: /replace of :method/ },
  { do: "addUpgrade", at: "requestHeaders", status: REFUSED, body: "hello", why: /add of upgrade/ },
  { do: "addConnection", at: "requestHeaders", status: REFUSED },
  { do: "teGzip", at: "requestHeaders", status: REFUSED },
  { do: "teTrailers", at: "requestHeaders", status: OK },
  { do: "teTrailers", at: "responseHeaders", status: REFUSED },
  { do: "calloutWithBlank", at: "requestHeaders", status: REFUSED, why: /:path twice, or not a value for a request line/ },
  { do: "calloutWithTwoPaths", at: "requestHeaders", status: REFUSED },
  { do: "continueResponse", at: "log", status: OK },
  { do: "continueRequest", at: "log", status: OK },
  ...["sendLocalResponse", "closeStream"].flatMap((what) =>
    ["log", "done", "delete"].map((at) => ({ do: what, at, status: REFUSED, why: /the stream is over/ })),
  ),
  { do: "replyWithStatus99", at: "requestHeaders", status: REFUSED, why: /200 to 599/ },
  { do: "replyWithCrLf", at: "requestHeaders", status: REFUSED, why: /x-misuse holds CR, LF/ },
  { do: "replyWithContentLength", at: "requestHeaders", status: REFUSED, why: /content-length: Envoy sets it/ },
  { do: "replyWith1025Headers", at: "requestHeaders", status: REFUSED, why: /more than 1,024 headers/ },
  { do: "addCrLf", at: "responseHeaders", status: REFUSED, why: /x-misuse holds CR, LF/ },
  { do: "addNul", at: "responseHeaders", status: REFUSED },
  { do: "addBadName", at: "responseHeaders", status: REFUSED, why: /not a token \(RFC 9110\): "bad name"/ },
  { do: "addEmptyName", at: "responseHeaders", status: REFUSED },
  { do: "addCrLf", at: "requestHeaders", status: REFUSED },
  { do: "addEmptyName", at: "requestHeaders", status: REFUSED },
  { do: "removeStatus", at: "responseHeaders", status: REFUSED, why: /remove of :status/ },
  { do: "statusNotANumber", at: "responseHeaders", status: REFUSED },
  { do: "replaceStatus", at: "responseHeaders", status: OK, code: 207 },
  { do: "addPath", at: "requestHeaders", status: REFUSED, why: /add of :path: use replace/ },
  { do: "replacePath", at: "requestHeaders", status: OK },
  { do: "removePath", at: "requestHeaders", status: REFUSED, why: /remove of :path/ },
  { do: "removeMethod", at: "requestHeaders", status: REFUSED },
  { do: "removeAuthority", at: "requestHeaders", status: REFUSED, why: /remove of :authority/ },
  { do: "removeForwardedProto", at: "requestHeaders", status: REFUSED },
  { do: "setContentLength", at: "requestHeaders", status: REFUSED, body: "hello" },
  { do: "addTransferEncoding", at: "requestHeaders", status: REFUSED, body: "hello" },
  { do: "growBody", at: "requestBody", status: REFUSED, body: "hello", why: /request body of another length: remove content-length/ },
  { do: "shrinkBody", at: "requestBody", status: REFUSED, body: "hello" },
  { do: "growBody", at: "responseBody", status: REFUSED, why: /response body of another length/ },
  { do: "shrinkBody", at: "responseBody", status: REFUSED },
  { do: "responseHeadersEarly", at: "tick", status: REFUSED },
  { do: "staleHeaders", at: "requestBody", status: REFUSED, body: "hello", why: /headers of an earlier callback/ },
  { do: "staleHeaders", at: "keptHeaders", status: REFUSED, why: /headers of an earlier callback/ },
  { do: "reply204WithBody", at: "requestHeaders", status: REFUSED, why: /204 and a body/ },
  { do: "status204", at: "responseHeaders", status: REFUSED, why: /replace of :status/ },
  { do: "unknownPseudo", at: "requestHeaders", status: REFUSED, why: /not a token \(RFC 9110\): ":abc"/ },
  { do: "pathWithBlank", at: "requestHeaders", status: REFUSED, why: /replace of :path/ },
  { do: "methodWithBlank", at: "requestHeaders", status: REFUSED },
  { do: "methodConnect", at: "requestHeaders", status: REFUSED },
  { do: "emptyForwardedProto", at: "requestHeaders", status: REFUSED, why: /replace of x-forwarded-proto/ },
  { do: "trailersThenGrow", at: "requestBody", status: REFUSED, body: "hello" },
  { do: "trailersThenGrow", at: "responseBody", status: REFUSED },
  { do: "twoViews", at: "requestHeaders", status: OK },
  {
    do: "replyThenContinueRequest",
    at: "tick",
    status: REFUSED,
    code: 403,
    why: /continueRequest: the stream is answered or closed already/,
  },
];

// Envoy queues what ends a stream until the callback is over; a second end then finds no stream. With HTTP/2 and in the response it crashed.
const ends = ["closeTwice", "replyTwice", "replyThenClose", "closeThenReply"].flatMap((what) =>
  ["requestHeaders", "tick", "responseHeaders", "responseBody"].map((at) => ({ do: what, at })),
);

/** Cases with an outcome of their own, below. */
const others = [
  { do: "growBody", at: "requestBodyResizable" },
  { do: "shrinkBody", at: "requestBodyResizable" },
  { do: "sameLengthBody", at: "requestBody" },
  { do: "growBody", at: "responseBodyResizable" },
  { do: "shrinkBody", at: "responseBodyResizable" },
  { do: "sendLocalResponse", at: "tick" },
  { do: "replyWith1024Headers", at: "requestHeaders" },
  { do: "nothing", at: "never" },
  { do: "closeStream", at: "responseTrailers" },
  { do: "continueResponse", at: "responseTrailers" },
  { do: "continueRequest", at: "requestTrailers" },
  { do: "status200", at: "responseHeaders" },
  { do: "nothing", at: "bodyWithoutBuffer" },
  { do: "continueResponse", at: "ownReply" },
  { do: "sendLocalResponse", at: "another" },
  { do: "closeStream", at: "anothersLog" },
  { do: "sendLocalResponse", at: "afterClientLeft" },
];

const nameOf = (c: { do: string; at: string }) => `${c.do} at ${c.at}`;
onBothHosts((open, host) => {
  let target: Target;
  const app = () => target.upstream("app");

  beforeAll(async () => {
    const wasm = await fixtureModule();
    target = await open({
      listeners: Object.fromEntries(
        [...cases, ...ends, ...others].map((c) => [
          nameOf(c),
          {
            // A VM per case, so that what one logs is its own.
            filters: [{ name: "fixture", rootId: "misuse", vmId: nameOf(c), wasm, config: { do: c.do, at: c.at } }],
            httpConnectionManager: { stat_prefix: "safety", ...(c.at === "never" ? { stream_idle_timeout: "1s" } : {}) },
          },
        ]),
      ),
      routes: [route("tail", { match: { prefix: "/tail" } }), route("app")],
      upstreams: {
        app: { respond: { status: 200, headers: { "content-length": "5" }, body: "hello" } },
        // Answers with trailers, or what its path asks for.
        tail: {
          respond: ({ path }) =>
            path.endsWith("/304")
              ? { status: 304, headers: { "content-length": "40" } }
              : { status: 200, body: "hello", trailers: { "x-end": "1" } },
        },
      },
    });
  }, 120_000);

  const send = (listener: string, body?: string) =>
    target.request({
      listener,
      path: "/",
      ...(body === undefined ? {} : { method: "POST", body, headers: { "content-length": String(body.length) } }),
    });

  describe("the SDK answers with a status and a log line, and the stream goes on", () => {
    test.each(cases.map((c) => [nameOf(c), c] as const))("%s", async (name, c) => {
      const from = target.logs().mark;
      const seen = app().requests.length;
      const response = await send(name, c.body);
      await target.waitForLog(`did ${name}: `, { from });
      const lines = target.logs().wasm.filter((line) => line.source.includes(name));

      expect(response.status).toBe(c.code ?? 200);
      expect(lines.map((line) => line.message)).toContain(`did ${name}: ${c.status}`);
      expect(response.header("x-injected")).toBeUndefined();
      expect(
        app()
          .requests.slice(seen)
          .map((r) => r.path),
      ).toEqual(c.code === 403 ? [] : [c.do === "replacePath" ? "/b" : "/"]);
      if (c.status === REFUSED) {
        if (c.why) expect(lines.map((line) => line.message).join("\n")).toMatch(c.why);
        // The next request on the same worker is served: the VM is alive.
        expect((await send(name, c.body)).status).toBe(c.code ?? 200);
      }
    });
  });

  describe.each(["http/1.1", "h2c"] as const)("a stream is ended once, over %s", (protocol) => {
    test.each(ends.map((c) => [nameOf(c)]))("%s", async (name) => {
      const from = target.logs().mark;
      // What the client gets differs (an answer, a reset, a body cut off); that Envoy lives and refuses is what counts.
      const outcomes = [];
      for (let i = 0; i < 3; i++)
        outcomes.push(...(await Promise.allSettled([target.request({ listener: name, protocol, timeout: 5_000 })])));
      await target.waitForLog(`did ${name}: ${REFUSED}`, { from });

      expect(outcomes).toHaveLength(3);
      expect((await target.request({ listener: "replacePath at requestHeaders" })).status).toBe(200);
      expect(target.running).toBe(true);
    });
  });

  test("the debug module stops at the first use of bytes that were lent to an earlier callback, and says so", async () => {
    const wasm = (await fixtureModule()).replace(/\.wasm$/, ".debug.wasm");
    const at = (file: string) => [{ name: "fixture", rootId: "misuse", wasm: file, config: { do: "nothing", at: "staleBytes" } }];
    await using debug = await open({ filters: at(wasm) });
    const response = await debug.request();
    await debug.waitForLog("stale Bytes: the callback that lent them is over; keep them with copy()");

    expect(response.status).toBe(503);
    await debug.update({ filters: at(await fixtureModule()) });
    expect((await debug.request()).status).toBe(200); // the release module does not look
  });

  describe("a body of another length is possible once content-length is gone", () => {
    test("a longer request body arrives whole and is no second request", async () => {
      const seen = app().requests.length;
      const response = await send("growBody at requestBodyResizable", "hello");
      const received = await app().requests[seen]?.complete;

      expect(response.status).toBe(200);
      expect(received?.text()).toBe("helloGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n");
      expect(received?.header("content-length")).toBeUndefined();
      expect(
        app()
          .requests.slice(seen)
          .map((r) => r.path),
      ).toEqual(["/"]);
    });

    test("a shorter request body arrives and nothing hangs", async () => {
      const seen = app().requests.length;
      const response = await send("shrinkBody at requestBodyResizable", "hello");

      expect(response.status).toBe(200);
      expect((await app().requests[seen]?.complete)?.text()).toBe("s");
    });

    test("a body of the same length may be replaced with content-length in place", async () => {
      const seen = app().requests.length;
      const response = await send("sameLengthBody at requestBody", "hello");
      const received = await app().requests[seen]?.complete;

      expect(response.status).toBe(200);
      expect(received?.text()).toBe("HELLO");
      expect(received?.header("content-length")).toBe("5");
    });

    test("response bodies grow and shrink", async () => {
      const longer = await send("growBody at responseBodyResizable");
      const shorter = await send("shrinkBody at responseBodyResizable");

      expect(longer.text()).toMatch(/^helloGET \/smuggled/);
      expect(shorter.text()).toBe("s");
      expect(longer.header("content-length")).toBeUndefined();
    });
  });

  test("a paused request can be answered from a timer", async () => {
    const response = await send("sendLocalResponse at tick");

    expect(response.status).toBe(403);
    expect(response.text()).toBe("no");
  });

  test("1,024 headers, the most that Envoy takes, are sent", async () => {
    const response = await send("replyWith1024Headers at requestHeaders");

    expect(response.status).toBe(200);
    expect(response.headerValues("x-misuse")).toHaveLength(1024);
  });

  test("a timer that holds a stream whose client left is refused, and reaches nobody else", async () => {
    const name = "sendLocalResponse at afterClientLeft";
    const leaving = send(name);
    await underWay();
    leaving.abort();
    await expect(leaving).rejects.toThrow();
    await target.waitForLog(`did ${name}: 2`);
    await target.waitForLog("refused: continueRequest: the stream is gone or not yet there");
    const lines = target.logs().wasm.filter((line) => line.source.includes(name));

    const messages = lines.map((line) => line.message);
    expect(messages).toContain("refused: sendLocalResponse: the stream is over (in onLog and later Envoy would crash)");
  });

  test("a stream that is paused when its VM traps hangs until stream_idle_timeout: keep that low", async () => {
    const name = "nothing at never";
    const paused = send(name);
    await underWay();
    const trapped = await target.request({ listener: name, path: "/trap" });
    const ended = await paused.then(
      ({ status }) => status,
      (error: unknown) => (error instanceof MeshscriptError ? error.code : error),
    );

    expect(trapped.status).toBe(503);
    // Envoy leaves it to the timeout; the in-process host says that it hangs.
    expect(host === "Envoy" ? [503, 504] : ["MS0702"]).toContain(ended);
    expect(target.logs().envoy.some((line) => line.message.includes("proxy_on_request_headers"))).toBe(true);
  });

  /** Waits until a request is under way in Envoy. */
  function underWay() {
    return eventually(async () => expect(await target.stat("http.safety.downstream_rq_active")).toBe(1));
  }

  describe("a stream that flows is told to go on without effect: Envoy would send its headers or trailers once more", () => {
    const ask = (listener: string, body = "") =>
      target.request({ listener, method: "POST", headers: { "content-length": String(body.length) }, body });

    test.runIf(host === "Envoy")("the client gets one header block, looked at byte by byte", async () => {
      const bytes = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
      const answer = (await (target as Envoy).raw(bytes, { listener: "continueResponse at responseHeaders" })).toString("latin1");

      expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
      expect(answer).toMatch(/\r\n\r\nhello$/);
    });

    test("the client gets its answer", async () => {
      const response = await ask("continueResponse at responseHeaders");

      expect(response.status).toBe(200);
      expect(response.text()).toBe("hello");
    });

    test("the upstream gets one request, with its body", async () => {
      const seen = app().requests.length;
      await ask("continueRequest at requestHeaders", "hello");

      expect(app().requests).toHaveLength(seen + 1);
      expect((await app().requests[seen]?.complete)?.text()).toBe("hello");
    });

    test.each(["http/1.1", "h2c"] as const)("trailers arrive once over %s, and Envoy lives", async (protocol) => {
      const trailers = { "x-t": "1" };
      const seen = target.upstream("tail").requests.length;
      const responses = [];
      for (const listener of ["continueResponse at responseTrailers", "continueRequest at requestTrailers"]) {
        responses.push(await target.request({ listener, path: "/tail", method: "POST", body: "hello", trailers, protocol }));
      }
      const received = await Promise.all(
        target
          .upstream("tail")
          .requests.slice(seen)
          .map((request) => request.complete),
      );

      expect(responses.map((r) => [r.status, r.text(), r.trailers.filter(([name]) => name === "x-end").length])).toEqual(
        Array(2).fill([200, "hello", 1]),
      );
      expect(received.map((r) => r.trailers.filter(([name]) => name === "x-t").length)).toEqual([1, 1]);
    });
  });

  test.each(["http/1.1", "h2c"] as const)(
    "a stream that is closed in its response trailers does not take Envoy with it, over %s",
    async (protocol) => {
      const closed = await Promise.allSettled([
        target.request({ listener: "closeStream at responseTrailers", path: "/tail", protocol, timeout: 5_000 }),
      ]);

      expect(closed).toHaveLength(1);
      expect((await target.request({ listener: "replacePath at requestHeaders" })).status).toBe(200);
    },
  );

  test("a 304 with a length does not become a 200 that has no body", async () => {
    const name = "status200 at responseHeaders";
    const response = await target.request({ listener: name, path: "/tail/304" });
    await target.waitForLog(`did ${name}: 2`);

    expect(response.status).toBe(304);
  });

  test("a filter may hold its own reply and let it go from a timer", async () => {
    const response = await send("continueResponse at ownReply");

    expect(response.status).toBe(403);
    expect(response.text()).toBe("held");
  });

  test("bytes that a filter would drop under content-length are kept", async () => {
    const seen = app().requests.length;
    const response = await send("nothing at bodyWithoutBuffer", "hello");

    expect(response.status).toBe(200);
    expect((await app().requests[seen]?.complete)?.text()).toBe("hello");
  });

  test("a stream answers no other in its own callback, which would leave itself hanging", async () => {
    const name = "sendLocalResponse at another";
    const held = send(name);
    await underWay();
    const second = await send(name);
    await target.waitForLog("refused: sendLocalResponse of another stream in a stream's callback: do it in onTick");
    held.abort();

    await expect(held).rejects.toThrow();
    expect(second.status).toBe(200);
  });

  test("nothing is ended from another stream's onLog", async () => {
    const name = "closeStream at anothersLog";
    const held = send(name);
    await underWay();
    const second = await send(name);
    await target.waitForLog(`did ${name}: 2`);
    held.abort();

    await expect(held).rejects.toThrow();
    expect(second.status).toBe(200);
    expect((await send(name)).status).toBe(200);
  });
});
