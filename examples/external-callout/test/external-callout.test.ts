// What YAML cannot say: a service that is late, and clients that do not wait. The same tests run on the in-process host and on Envoy.
import { fileURLToPath } from "node:url";
import { eventually, onBothHosts } from "meshscript/harness/expect";
import { expect, test } from "vitest";

const wasm = fileURLToPath(new URL("../build/external-callout.wasm", import.meta.url));
const filter = (config: object) => ({ name: "external-callout", wasm, config: { cluster: "authorizer", timeout: "100ms", ...config } });

onBothHosts((open) => {
  test("a service that is late counts as a timeout, and the client gets 503", async () => {
    const target = await open({
      filters: [filter({})],
      upstreams: { app: {}, authorizer: { respond: { delay: new Promise(() => {}) } } },
    });

    const response = await target.request();

    expect(response.status).toBe(503);
    expect(target.upstream("app").requests).toHaveLength(0);
    expect((await target.waitForAccessLog(1))[0]?.["details"]).toBe("external_callout_timed_out");
    expect(await target.stat("wasmcustom.external_callout_timed_out_total")).toBe(1);
  });

  test("failing open, a late service costs the timeout and nothing else", async () => {
    const target = await open({
      filters: [filter({ failOpen: true })],
      upstreams: { app: { respond: { body: "orders" } }, authorizer: { respond: { delay: new Promise(() => {}) } } },
    });

    const response = await target.request({ method: "POST", body: "two loaves" });

    expect([response.status, response.text()]).toEqual([200, "orders"]);
    expect(target.upstream("app").requests[0]?.text()).toBe("two loaves");
  });

  test("a client that leaves during the callout hurts nobody", async () => {
    let answerNow = () => {};
    const late = new Promise<void>((resolve) => (answerNow = resolve));
    const target = await open({
      filters: [filter({ timeout: "5s" })],
      upstreams: {
        app: {},
        authorizer: { respond: (asked) => (asked.header("x-original-path") === "/late" ? { delay: late } : { status: 200 }) },
      },
    });

    const leaving = target.request({ path: "/late" });
    leaving.catch(() => {});
    await target.upstream("authorizer").received();
    leaving.abort();
    await target.waitForAccessLog(1);
    answerNow();

    // The answer for the one that left is not taken for an answer to these.
    expect((await target.request({ path: "/" })).status).toBe(200);
    target.upstream("authorizer").respond({ status: 403 });
    expect((await target.request({ path: "/" })).status).toBe(403);
    expect(target.upstream("app").requests.map(({ path }) => path)).toEqual(["/"]);
    await eventually(async () => expect(await target.stat("wasmcustom.external_callout_allowed_total")).toBe(1));
  });

  test("answers that come out of order find their requests", async () => {
    const target = await open({
      filters: [filter({ timeout: "5s", upstreamHeaders: ["x-user"] })],
      upstreams: {
        app: {},
        authorizer: {
          respond: (asked) => {
            const user = asked.header("x-original-path")?.slice(1) ?? "";
            const answer = user.endsWith("3") ? { status: 403 } : { headers: { "x-user": user } };
            return { ...answer, delay: `${10 * (5 - Number(user.at(-1)))}ms` };
          },
        },
      },
    });

    const responses = await Promise.all([1, 2, 3, 4].map((n) => target.request({ path: `/user-${n}` })));

    expect(responses.map(({ status }) => status)).toEqual([200, 200, 403, 200]);
    const seen = target.upstream("app").requests.map((request) => [request.path, request.header("x-user")]);
    expect(seen.sort()).toEqual([1, 2, 4].map((n) => [`/user-${n}`, `user-${n}`]));
  });
});
