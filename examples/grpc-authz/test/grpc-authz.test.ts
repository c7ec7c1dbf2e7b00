// What the service says, and what comes of it; a service that is late, and clients that do not wait. The same tests run on the in-process host
// and on Envoy. Answers that need no protobuf to be read, and configurations: ../cases.yaml.
import { fileURLToPath } from "node:url";
import type { ReceivedHead, Target, UpstreamResponse } from "meshscript/harness";
import { eventually, onBothHosts } from "meshscript/harness/expect";
import { describe, expect, test } from "vitest";
import { type Answer, grpc, question, serialized } from "./authorizer.js";

const wasm = fileURLToPath(new URL("../build/grpc-authz.wasm", import.meta.url));
const filter = (config: object = {}) => ({ name: "grpc-authz", wasm, config: { cluster: "authorizer", timeout: "5s", ...config } });
const never = () => ({ delay: new Promise(() => {}) });

onBothHosts((open) => {
  type Respond = UpstreamResponse | ((request: ReceivedHead) => UpstreamResponse | Promise<UpstreamResponse>);
  const opened = (respond: Respond, config?: object) =>
    open({ filters: [filter(config)], upstreams: { app: { respond: { body: "orders" } }, authorizer: { protocol: "h2c", respond } } });
  const counted = async (target: Target) => {
    const verdicts = ["allowed", "denied", "failed", "timed_out"];
    return Promise.all(verdicts.map(async (verdict) => (await target.stat(`wasmcustom.grpc_authz_${verdict}_total`)) ?? 0));
  };
  const errors = (target: Target) => target.logs().wasm.filter(({ level }) => level === "error" || level === "critical");

  test("an allowed request goes on with the service's headers, in the place of the client's, and without those it takes away", async () => {
    const headers = [
      { key: "x-user", value: "ann" },
      { key: "X-Roles", value: "reader" },
      { key: "x-roles", value: "writer", append: true },
    ];
    const target = await opened(grpc({ code: 0, ok: { headers, remove: ["authorization"] } }));

    const response = await target.request({
      method: "POST",
      headers: { "x-user": ["root", "admin"], "X-USER": "eve", "x-roles": "owner", authorization: "token", accept: "text/html" },
      body: "two loaves",
    });

    expect([response.status, response.text()]).toEqual([200, "orders"]);
    const [received] = target.upstream("app").requests;
    expect(received).toHaveHeader("x-user", "ann");
    expect(received).toHaveHeader("x-roles", ["reader", "writer"]);
    expect(received).toHaveHeader("authorization", []);
    expect(received).toHaveHeader("accept", "text/html");
    expect(received?.text()).toBe("two loaves");
    await eventually(async () => expect(await counted(target)).toEqual([1, 0, 0, 0]));
  });

  test("a denied request gets status, headers and body of the service, and never reaches the upstream", async () => {
    const headers = [
      { key: "www-authenticate", value: "Bearer" },
      { key: "www-authenticate", value: "Basic" },
      { key: "content-type", value: "application/json" },
    ];
    const target = await opened(grpc({ code: 16, denied: { status: 401, headers, body: '{"error":"expired"}' } }));

    for (const protocol of ["http/1.1", "h2c"] as const) {
      const response = await target.request({ protocol, method: "POST", body: "two loaves" });
      expect([response.status, response.json()]).toEqual([401, { error: "expired" }]);
      expect(response).toHaveHeader("www-authenticate", ["Bearer", "Basic"]);
      expect(response).toHaveHeader("content-type", "application/json");
    }
    expect(target.upstream("app").arrivals).toHaveLength(0);
    expect((await target.waitForAccessLog(2)).map(({ details }) => details)).toEqual(["grpc_authz_denied", "grpc_authz_denied"]);
    await eventually(async () => expect(await counted(target)).toEqual([0, 2, 0, 0]));
  });

  test("a denial is one, be its status or headers such as Envoy must not send, and failing open does not change that", async () => {
    const target = await opened(grpc({ code: 7 }), { failureModeAllow: true });
    for (const denied of [
      {},
      { status: 99 },
      { status: 1000 },
      { status: 204, body: "no content" },
      { status: 401, headers: [{ key: "x-a", value: "a\r\nset-cookie: b" }] },
      { status: 401, headers: [{ key: ":status", value: "200" }] },
      { status: 401, headers: [{ key: "content-length", value: "100" }] },
    ]) {
      target.upstream("authorizer").respond(grpc({ code: 7, denied }));
      const response = await target.request();
      expect([response.status, response.text()]).toEqual([403, ""]);
      expect(response).toHaveHeader("set-cookie", []);
    }
    expect(target.upstream("app").arrivals).toHaveLength(0);
  });

  describe("the service is told", () => {
    test("method, path with its query, host, scheme and every header, several values of one with a comma", async () => {
      let asked: unknown;
      const target = await opened(async (head) => {
        asked = await question(head);
        return grpc({ code: 0 });
      });
      await target.request({
        method: "PUT",
        path: "/orders?id=1",
        headers: { host: "shop.example", "x-a": ["1", "", "2"], "x-empty": "" },
      });

      expect(asked).toMatchObject({ method: "PUT", path: "/orders?id=1", host: "shop.example", scheme: "http" });
      expect(asked).toMatchObject({ headers: { ":method": "PUT", "x-a": "1,,2", "x-empty": "" } });
      const [call] = target.upstream("authorizer").requests;
      expect([call?.path, call?.authority]).toEqual(["/envoy.service.auth.v3.Authorization/Check", "authorizer"]);
      expect(call?.headers.some(([name]) => name === "x-a")).toBe(false);
    });

    test("no header but those of allowedHeaders, and none that only it may say", async () => {
      let headers: unknown;
      const answer = async (head: ReceivedHead) => {
        ({ headers } = await question(head));
        return grpc({ code: 0 });
      };
      const target = await opened(answer, { allowedHeaders: ["authorization", "X-User", "x-none"], trustedHeaders: ["x-user"] });
      await target.request({ headers: { authorization: "token", cookie: "a=1", "x-user": "root" } });

      expect(headers).toEqual({ authorization: "token" });
      expect(target.upstream("app").requests[0]).toHaveHeader("x-user", []);
    });

    test("UTF-8, whatever bytes the client chose: others would refuse the whole question", async () => {
      let value: string | undefined;
      const target = await opened(
        async (head) => {
          value = (await question(head)).headers["x-name"];
          return grpc({ code: 7 });
        },
        { failureModeAllow: true },
      );
      const response = await target.request({ headers: { "x-name": "J\xc3\xbcrgen \xff" } });

      expect(response.status).toBe(403);
      expect(value).not.toContain("\ufffd");
      await target.request({ headers: { "x-name": "J\xc3\xbcrgen" } });
      expect(value).toBe("J\u00fcrgen");
    });
  });

  test.each<[string, Uint8Array]>([
    ["an empty message", Buffer.alloc(0)],
    ["text", Buffer.from("hello")],
    ["a length beyond the end", Buffer.from([0x0a, 0x7f, 0x08, 0x00])],
    ["a yes and then rubbish", Buffer.concat([serialized({ code: 0 }), Buffer.from([0xff])])],
    ["a yes within rubbish", Buffer.from([0x0a, 0x02, 0x08, 0x80])],
    ["a yes as a number", Buffer.from([0x08, 0x00])],
    ["yes and no", serialized({ code: 0, denied: { status: 401 } })],
    ["a yes with a header that would be two", serialized({ code: 0, ok: { headers: [{ key: "x-a", value: "a\r\nb: c" }] } })],
    ["a yes with a header without a name", serialized({ code: 0, ok: { headers: [{ key: "", value: "a" }] } })],
    ["a yes that moves the request", serialized({ code: 0, ok: { headers: [{ key: ":path", value: "/admin" }] } })],
    ["a yes that frames the message anew", serialized({ code: 0, ok: { headers: [{ key: "content-length", value: "2" }] } })],
    ["a yes that takes the host away", serialized({ code: 0, ok: { remove: ["host"] } })],
  ])("%s is no decision: the client gets statusOnError, and nothing goes on", async (_, message) => {
    const target = await opened(grpc(message), { statusOnError: 503 });

    const responses = [await target.request(), await target.request({ method: "POST", body: "two loaves" })];

    expect(responses.map(({ status }) => status)).toEqual([503, 503]);
    expect(target.upstream("app").arrivals).toHaveLength(0);
    expect((await target.waitForAccessLog(2)).map(({ details }) => details)).toEqual(["grpc_authz_failed", "grpc_authz_failed"]);
    // Read from Envoy's output, which may be behind its access log.
    await target.waitForLog("authorizer: its answer is no decision");
    expect(target.logs().wasm.filter(({ message }) => message.includes("authorizer: its answer is no decision"))).toHaveLength(1);
    await eventually(async () => expect(await counted(target)).toEqual([0, 0, 2, 0]));
  });

  test("a thousand answers of random bytes neither trap nor let anything pass", async () => {
    let seed = 7;
    const byte = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 16) & 0xff;
    };
    const no = serialized({ code: 7, denied: { status: 401, headers: [{ key: "x-a", value: "b" }], body: "no" }, ok: { remove: ["x-b"] } });
    const target = await opened(() => {
      const bytes = byte() % 2 ? Buffer.from(no) : Buffer.from(Array.from({ length: byte() % 40 }, byte));
      // Behind the status, so that none says yes but by a chance that the seed does not have.
      if (bytes.length > 4) bytes[4 + (byte() % (bytes.length - 4))] = byte();
      return grpc(bytes);
    });

    for (let i = 0; i < 1000; i += 20) {
      const responses = await Promise.all(Array.from({ length: 20 }, () => target.request()));
      for (const { status } of responses) expect(status).not.toBe(200);
    }
    expect(target.upstream("app").arrivals).toHaveLength(0);
    // The SDK says of a header that it refuses it; a trap would be another line.
    expect(errors(target).filter(({ message }) => !message.startsWith("refused: "))).toEqual([]);
  });

  test("a service that is late counts as a timeout, though it says yes in the end", async () => {
    const target = await opened(never(), { timeout: "100ms" });

    const response = await target.request();

    expect(response.status).toBe(403);
    expect(target.upstream("app").arrivals).toHaveLength(0);
    expect((await target.waitForAccessLog(1))[0]?.["details"]).toBe("grpc_authz_timed_out");
    await eventually(async () => expect(await counted(target)).toEqual([0, 0, 0, 1]));
  });

  test("failing open, a late service costs the timeout and nothing else, and no word of the client's in its name gets through", async () => {
    const target = await opened(never(), { timeout: "100ms", failureModeAllow: true, trustedHeaders: ["x-user"] });

    const response = await target.request({ method: "POST", body: "two loaves", headers: { "x-user": "root" } });

    expect([response.status, response.text()]).toEqual([200, "orders"]);
    expect(target.upstream("app").requests[0]?.text()).toBe("two loaves");
    expect(target.upstream("app").requests[0]).toHaveHeader("x-user", []);
  });

  test("a service that is down is told once in the log, not at each request, and once that it is back", async () => {
    const target = await opened({ reset: "before-headers" });
    for (let i = 0; i < 3; i++) expect((await target.request()).status).toBe(403);

    const lines = () => target.logs().wasm.filter(({ message }) => message.includes("authorizer: "));
    expect(lines().map(({ level }) => level)).toEqual(["warning"]);
    expect(lines()[0]?.message).toContain("gRPC status 14");
    target.upstream("authorizer").respond(grpc({ code: 0 }));
    expect((await target.request()).status).toBe(200);
    await eventually(async () => expect(await counted(target)).toEqual([1, 0, 3, 0]));
  });

  test.each([
    ["without endpoints", []],
    [
      "on whose port nobody listens",
      [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: 1 } } } }] }],
    ],
  ])("a cluster %s is a failure", async (_, endpoints) => {
    const cluster = { name: "down", type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: "down", endpoints } };
    const target = await open({ filters: [filter({ cluster: "down" })], upstreams: { app: {} }, clusters: [cluster] });

    expect((await target.request()).status).toBe(403);
    expect((await target.waitForAccessLog(1))[0]?.["details"]).toBe("grpc_authz_failed");
    expect(target.upstream("app").arrivals).toHaveLength(0);
  });

  test("a client that leaves during the call hurts nobody", async () => {
    let answerNow = () => {};
    const late = new Promise<void>((resolve) => (answerNow = resolve));
    const target = await opened(async (head) => {
      const { path } = await question(head);
      return path === "/late" ? { ...grpc({ code: 0 }), delay: late } : grpc({ code: path === "/no" ? 7 : 0 });
    });

    const leaving = target.request({ path: "/late" });
    leaving.catch(() => {});
    await target.upstream("authorizer").received();
    leaving.abort();
    await target.waitForAccessLog(1);
    answerNow();

    // The answer for the one that left is not taken for an answer to these.
    expect((await target.request({ path: "/no" })).status).toBe(403);
    expect((await target.request({ path: "/yes" })).status).toBe(200);
    expect(target.upstream("app").requests.map(({ path }) => path)).toEqual(["/yes"]);
    expect(errors(target)).toEqual([]);
    await eventually(async () => expect(await counted(target)).toEqual([1, 1, 0, 0]));
  });

  test("answers that come out of order find their requests", async () => {
    const target = await opened(async (head) => {
      const user = (await question(head)).path.slice(1);
      const answer: Answer = user === "user-3" ? { code: 7 } : { code: 0, ok: { headers: [{ key: "x-user", value: user }] } };
      return { ...grpc(answer), delay: `${10 * (5 - Number(user.at(-1)))}ms` };
    });

    const responses = await Promise.all([1, 2, 3, 4].map((n) => target.request({ path: `/user-${n}` })));

    expect(responses.map(({ status }) => status)).toEqual([200, 200, 403, 200]);
    const seen = target.upstream("app").requests.map((request) => [request.path, request.header("x-user")]);
    expect(seen.sort()).toEqual([1, 2, 4].map((n) => [`/user-${n}`, `user-${n}`]));
  });
});
