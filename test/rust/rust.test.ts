// A module of another SDK on both hosts: what one says of it, the other must say too.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { eventually } from "../../harness/expect/index.ts";
import {
  type Envoy,
  type EnvoyRequest,
  type Host,
  type HttpResponse,
  type UpstreamSpec,
  openEnvoy,
  openHost,
} from "../../harness/index.ts";
import { buildCrate, findToolchain } from "./toolchain.ts";

// The standard library may have to be built first.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const toolchain = findToolchain();
const missing = typeof toolchain === "string" ? toolchain : undefined;
const name = `a filter of the Rust SDK${missing === undefined ? "" : ` (skipped: ${missing})`}`;

/** What both hosts have. */
type Target = Pick<Envoy, "request" | "upstream" | "stat" | "logs" | "waitForLog" | "waitForAccessLog"> | Host;

const upstreams: Record<string, UpstreamSpec> = {
  app: {
    respond: {
      status: 201,
      headers: [
        ["x-app", "1"],
        ["x-app", "2"],
      ],
      body: ["an ", "answer"],
    },
  },
  side: { respond: { status: 202, body: "the side" } },
  silent: { respond: () => new Promise(() => undefined) },
};

/** What a request led to, without what differs from run to run. */
interface Outcome {
  status: number;
  headers: string[];
  body: string;
  trailers: string[];
  received: { headers: string[]; body: string; trailers: string[] }[];
  logs: string[];
  details: unknown;
  flags: unknown;
}

const text = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([key, value]) => `${key}: ${value}`).filter((line) => !differs(line));
const differs = (line: string) => /^(date|x-request-id|x-envoy-upstream-service-time|host|:authority): /.test(line);

async function outcome(target: Target, request: EnvoyRequest): Promise<Outcome> {
  const from = target.logs().wasm.length;
  const entries = (await target.waitForAccessLog(0)).length;
  const mark = target.logs().mark;
  const seen = Object.keys(upstreams).map((each) => [each, target.upstream(each).requests.length] as const);
  const response: HttpResponse = await target.request(request);
  const log = await target.waitForAccessLog(entries + 1);
  await target.waitForLog(`done ${request.path}`, { from: mark });
  return {
    status: response.status,
    headers: text(response.headers),
    body: response.body.toString(),
    trailers: text(response.trailers),
    received: seen.flatMap(([each, before]) =>
      target
        .upstream(each)
        .requests.slice(before)
        .map(({ headers, body, trailers }) => ({ headers: [each, ...text(headers)], body: body.toString(), trailers: text(trailers) })),
    ),
    logs: target
      .logs()
      .wasm.slice(from)
      .filter(({ message }) => !message.startsWith("tick"))
      .map(({ level, message }) => `${level} ${message}`),
    details: log.at(-1)?.["details"],
    flags: log.at(-1)?.["flags"],
  };
}

describe.skipIf(missing !== undefined)(name, () => {
  let options: Parameters<typeof openEnvoy>[0] & Parameters<typeof openHost>[0];
  let wasm: string;
  let envoy: Envoy;
  let host: Host;

  beforeAll(async () => {
    if (typeof toolchain === "string") return;
    wasm = await buildCrate(toolchain, { folder: "test/rust", library: "filter" });
    const filter = { name: "rust", rootId: "root", wasm, config: "hello", vmConfig: "of the VM" };
    options = { filters: [filter], upstreams };
    envoy = await openEnvoy(options);
    host = await openHost(options);
    // Envoy's log comes late: what its VMs say at the start must not be taken for the first request's.
    const started = (target: Envoy | Host) => target.logs().wasm.filter(({ message }) => message.startsWith("vm start")).length;
    await eventually(() => expect(started(envoy)).toBe(started(host)));
  });
  afterAll(async () => {
    await envoy?.stop();
    await host?.stop();
  });

  const requests: [string, EnvoyRequest, Partial<Outcome>][] = [
    [
      "changes headers of request and response",
      { path: "/plain", headers: { "x-remove": "me", "x-in": "in" } },
      { status: 201, body: "<an answer>" },
    ],
    ["counts in shared data", { path: "/plain" }, { status: 201 }],
    ["replaces a body", { method: "POST", path: "/body", body: ["some ", "words"] }, { body: "<an answer>" }],
    ["adds trailers", { method: "POST", path: "/trailers", body: "x", trailers: { "x-in": "1" } }, { status: 201 }],
    ["answers by itself", { path: "/reply" }, { status: 418, body: "<no coffee>", received: [] }],
    ["waits for a callout", { path: "/call" }, { status: 201 }],
    ["waits for a callout that is not answered", { path: "/silent" }, { status: 201 }],
    ["is told of a callout to a cluster that there is not", { path: "/gone" }, { status: 201 }],
    [
      "reads properties",
      { method: "PUT", path: "/properties?a=b", headers: { host: "app.test", "x-in": "in" }, body: "four" },
      { status: 201 },
    ],
  ];

  test.each(requests)("%s, on both hosts alike: %o", async (_, request, expected) => {
    const real = await outcome(envoy, request);
    const emulated = await outcome(host, request);
    expect(real).toMatchObject(expected);
    expect(emulated).toEqual(real);
  });

  test("an answer to HEAD without content-length carries transfer-encoding", async () => {
    const request = { method: "HEAD", path: "/plain" };
    expect(await outcome(host, request)).toEqual(await outcome(envoy, request));
  });

  test("after proxy_set_effective_context a line is logged in that context's name", async () => {
    const sources: string[][] = [];
    for (const target of [envoy, host]) {
      const { mark, wasm: before } = target.logs();
      await target.request({ path: "/call" });
      await target.waitForLog("done /call", { from: mark });
      const answer = target
        .logs()
        .wasm.slice(before.length)
        .filter(({ message }) => message.startsWith("answer"));
      sources.push(answer.map(({ source }) => source));
    }
    expect(sources[0]).toEqual(["rust root meshscript.rust"]);
    expect(sources[1]).toEqual(sources[0]);
  });

  test("what the requests were to show, they show", async () => {
    const call = await outcome(host, { path: "/call" });
    expect(call.received.map(({ headers }) => headers[0])).toEqual(["app", "side"]);
    expect(call.received[0]?.headers).toContain("x-answer: 202 the side");
    expect(call.received[0]?.headers).toEqual(expect.arrayContaining(["x-greeting: hello", "x-twice: 1", "x-twice: 2"]));
    expect(call.received[1]).toMatchObject({ body: "question", headers: expect.arrayContaining(["x-rust: call"]) });
    expect((await outcome(host, { path: "/gone" })).received[0]?.headers).toContain("x-answer: BadArgument");
    await outcome(envoy, { path: "/call" });
    await outcome(envoy, { path: "/gone" });
  });

  test("ticks as often, and says the same while it starts", async () => {
    const logs: string[][] = [];
    for (const target of [envoy, host]) {
      await target.waitForLog("tick 2");
      const lines = target.logs().wasm.map(({ level, source, message }) => `${level} ${source}: ${message}`);
      logs.push(lines.filter((line) => /: (tick|vm start)/.test(line)).sort());
    }
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[0]?.some((line) => line.endsWith("vm start: of the VM"))).toBe(true);
  });

  test("has the same metrics", async () => {
    const names = [
      "wasmcustom.rust_requests",
      "wasmcustom.rust_open",

      "wasm.envoy.wasm.runtime.v8.active",
    ];
    for (const each of names) expect([each, await host.stat(each)]).toEqual([each, await envoy.stat(each)]);
    expect(await host.stat("wasmcustom.rust_requests")).toBeGreaterThan(requests.length);
    expect(await host.stat("wasmcustom.rust_open")).toBe(0);
    expect(host.samples("rust_sizes").every((sample) => sample === 7n)).toBe(true);
  });

  test("refuses a configuration in the same words", async () => {
    const change = { filters: [{ name: "rust", rootId: "root", wasm, config: "refuse" }] };
    const words = async (promise: Promise<unknown>) => String(await promise.catch((error: Error) => error.message));
    const real = await words(envoy.update(change));
    const emulated = await words(host.update(change));
    expect(real).toContain("Unable to create Wasm plugin rust");
    expect(emulated).toContain("Unable to create Wasm plugin rust");
    expect((await outcome(host, { path: "/plain" })).received).toEqual((await outcome(envoy, { path: "/plain" })).received);
  });

  describe("a panic", () => {
    const traps: string[][] = [];
    const answers: [number, string][][] = [];
    beforeAll(async () => {
      if (typeof toolchain === "string") return;
      for (const target of [envoy, host]) {
        const mark = target.logs().mark;
        const both = [await target.request({ path: "/panic" }), await target.request({ path: "/plain" })];
        await target.waitForLog("Function: proxy_on_request_headers failed", { from: mark });
        const trap = target.logs().envoy.find(({ message }) => message.includes("proxy_on_request_headers failed"));
        traps.push(trap?.message.split("\n") ?? []);
        answers.push(both.map(({ status, body }) => [status, body.toString()]));
      }
    });

    test("fails the VM, with the same reason and the same innermost frames", () => {
      const [real = [], emulated = []] = traps;
      expect(answers[0]?.map(([status]) => status)).toEqual([503, 503]);
      expect(answers[1]).toEqual(answers[0]);
      expect(real.slice(0, 2)).toEqual([
        "Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable",
        "Proxy-Wasm plugin in-VM backtrace:",
      ]);
      expect(emulated.length).toBeGreaterThan(2);
      expect(emulated).toEqual(real.slice(0, emulated.length));
    });

    test("the backtrace has 20 frames at most", () => {
      expect(traps[0]).toHaveLength(22);
      expect(traps[1]).toEqual(traps[0]);
    });
  });
});
