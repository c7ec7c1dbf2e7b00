import { describe, expect, test } from "vitest";
import { openEnvoy, openUpstream, send } from "../../index.ts";
import { describeMessage, eventually } from "../index.ts";
import { toHaveHeader, toHaveLogged, toHaveStatus } from "../matchers.ts";

const response = {
  status: 429,
  reason: "Too Many Requests",
  headers: [
    ["x-a", "1"],
    ["X-A", "two"],
    ["x-line", "a\nb"],
  ] as [string, string][],
  body: Buffer.from("slow down"),
};

describe("matchers", () => {
  test("accept what is there", () => {
    expect(response).toHaveStatus(429);
    expect(response).toHaveHeader("x-a");
    expect(response).toHaveHeader("X-a", "two");
    expect(response).toHaveHeader("x-a", /^tw/);
    expect(response).toHaveHeader("x-a", ["1", "two"]);
    expect(response).toHaveHeader("x-none", []);
    expect(response).not.toHaveHeader("x-none");
    expect(response).not.toHaveStatus(200);
  });

  test("refuse what is not, and show the whole message", () => {
    expect(toHaveHeader(response, "x-a", ["two", "1"]).pass).toBe(false);
    expect(toHaveHeader(response, "x-a", ["1"]).pass).toBe(false);
    expect(toHaveHeader(response, "x-a", ["1", "two", "3"]).pass).toBe(false);
    expect(toHaveHeader(response, "x-none", ["1"]).pass).toBe(false);
    expect(toHaveHeader(response, "x-a", "tw").pass).toBe(false);
    const { pass, message } = toHaveStatus(response, 200);
    expect(pass).toBe(false);
    expect(message()).toBe(`expected status 200, got

429 Too Many Requests
  x-a: 1
  X-A: two
  x-line: a\\nb

  slow down`);
    expect(toHaveHeader(response, "x-b", "1").message()).toMatch(/^expected header x-b = "1", it is absent\n\n429/);
  });

  test("say what they got instead of a message", () => {
    expect(toHaveStatus(Promise.resolve(response), 429).message()).toContain("use `await expect(...).resolves`");
    expect(toHaveHeader(undefined, "x").message()).toBe("expected a message with headers, got undefined");
    expect(toHaveLogged({}, "x").pass).toBe(false);
  });

  test("show a request that an upstream received", async () => {
    await using upstream = await openUpstream();
    await send(upstream.address, { path: "/x", headers: { host: "h" } });
    const [request] = upstream.requests;
    expect(request).toHaveHeader("host", "h");
    expect(request && describeMessage(request)).toBe("GET /x\n  host: h");
  });
});

test("eventually returns the first value, and throws the last error after its time", async () => {
  let calls = 0;
  const value = await eventually(() => {
    calls += 1;
    if (calls < 3) throw new Error(`call ${calls}`);
    return "there";
  });
  expect([value, calls]).toEqual(["there", 3]);
  await expect(eventually(() => Promise.reject(new Error("never")), { timeout: 20 })).rejects.toThrow("never");
});

test("a report has log, access log and counters, also after the stop", async () => {
  const envoy = await openEnvoy();
  envoy.prepareReport();
  await envoy.request({ path: "/reported" });
  await envoy.waitForAccessLog(1);
  const before = await envoy.report();
  await envoy.stop();
  const after = await envoy.report();
  for (const report of [before, after]) {
    expect(report).toContain("starting main dispatch loop");
    expect(report).toContain('"path":"/reported"');
    expect(report).toContain("http.main.downstream_rq_2xx: 1");
  }
});
