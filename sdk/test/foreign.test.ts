import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { eventually, onBothHosts } from "../../harness/expect/index.ts";
import { openHost } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const text = "signed by the test";
const signed = (pair: typeof rsa) => ({
  key: pair.publicKey.export({ type: "spki", format: "pem" }),
  signature: sign("sha256", Buffer.from(text), pair.privateKey).toString("hex"),
  text,
});

const filter = async (config: Record<string, unknown>) => ({ name: "foreign", rootId: "foreign", wasm: await fixtureModule(), config });

onBothHosts((open, host) => {
  const opened = async (config: Record<string, unknown> = {}) => {
    const target = await open({
      filters: [await filter(config)],
      upstreams: { app: {} },
      accessLog: { state: "%FILTER_STATE(envoy.string:PLAIN)%" },
      componentLogLevel: "wasm:info",
    });
    return { target, answer: async (path: string) => (await target.request({ path })).text() };
  };

  test("a function that the proxy does not have answers NotFound and nothing", async () => {
    const { answer } = await opened();
    expect(await answer("/absent")).toBe("1 0");
    // The next call is not confused by it.
    expect(await answer("/zlib")).toBe("true true 3");
  });

  test("the filter state takes keys of Envoy's factories, tells unknown ones apart, and reaches the access log", async () => {
    const { target, answer } = await opened();
    expect(await answer("/state")).toBe("0 2");
    await eventually(() => expect(target.accessLog().map(({ state }) => state)).toEqual(["by the fixture"]));
  });

  test("the route cache is cleared in a request, and neither it nor the filter state hurts in onLog", async () => {
    const { target, answer } = await opened();
    expect(await answer("/route")).toBe("0");
    expect((await target.request({ path: "/" })).status).toBe(200);
    await eventually(() => expect(target.logs().wasm.filter(({ message }) => message.startsWith("in the log: 0 "))).toHaveLength(2));
  });

  test.each([
    ["RSA", rsa],
    ["P-256", ec as unknown as typeof rsa],
  ])("a signature by %s verifies, of another text it does not, and Envoy's reason is told", async (_, pair) => {
    const { answer } = await opened(signed(pair));
    expect(await answer("/verify")).toBe("true/false: Failed to verify digest. Error code: 0/md99 is not supported.");
  });

  if (host === "Envoy") {
    test("an expression in CEL decides, has no value for what is absent, and is gone when deleted", async () => {
      const { answer } = await opened({ condition: 'request.path.startsWith("/cel/yes")' });
      expect(await answer("/cel/yes")).toBe("true true 2 10 1");
      expect(await answer("/cel/no")).toBe("false true 2 10 1");
    });
  }
});

describe("a proxy with functions of its own", () => {
  test("without set_envoy_filter_state, CEL and signatures each says so, and a signature is invalid", async () => {
    const missing = () => ({ status: 1 });
    await using host = await openHost({
      plugins: [await filter({ ...signed(rsa), condition: "true" })],
      foreignFunctions: { set_envoy_filter_state: missing, expr_create: missing, verify_signature: missing },
    });
    const answer = async (path: string) => (await host.request({ path })).text();
    expect(await answer("/state")).toBe("1 1");
    expect(await answer("/cel")).toBe("no condition");
    expect(await answer("/verify")).toBe("false/false: /");
  });

  test("a lying verify_signature is believed only when it says valid and Ok", async () => {
    // Field 1 as bytes, a truncated message, a status beside `valid`.
    for (const reply of [Buffer.from([0x0a, 0x01, 0x01]), Buffer.from([0x08]), { status: 10, result: Buffer.from([0x08, 0x01]) }]) {
      await using host = await openHost({ plugins: [await filter(signed(rsa))], foreignFunctions: { verify_signature: () => reply } });
      expect((await host.request({ path: "/verify" })).text()).toMatch(/^false\/false/);
    }
  });

  test("expressions are answered by the test's functions", async () => {
    const asked: string[] = [];
    await using host = await openHost({
      plugins: [await filter({ condition: "is it so" })],
      foreignFunctions: {
        expr_create: (argument) => {
          asked.push(argument.toString());
          return argument.toString() === "((" ? { status: 2 } : Buffer.from([argument.toString() === "is it so" ? 1 : 9, 0, 0, 0]);
        },
        expr_evaluate: (argument) => (argument[0] === 1 ? Buffer.from([1]) : { status: 10 }),
        expr_delete: () => undefined,
      },
    });
    expect((await host.request({ path: "/cel" })).text()).toBe("true true 2 10 1");
    expect(asked).toContain("is it so");
  });
});
