// D9: no failure of a host call traps. Each call of each facility fails in turn, with each status.
import { expect, test } from "vitest";
import { grpcFrame } from "../../harness/host/router/grpc-frames.ts";
import { type Host, everyFault, openHost } from "../../harness/index.ts";
import { fixtureModule } from "./support.ts";

const ask =
  (...requests: { path: string; headers?: Record<string, string> }[]) =>
  async (host: Host) => {
    // A fixture whose reply is refused pauses for ever: that is its own fault, and not what is looked at here.
    for (const request of requests) await host.request(request).catch(() => undefined);
  };
const scenarios: Record<string, { config: Record<string, unknown>; run: (host: Host) => Promise<unknown> }> = {
  facilities: {
    config: { tick: 5 },
    run: async (host) => {
      const paths = ["/metrics", "/shared", "/properties", "/environment", "/clocks", "/log"];
      await ask(...paths.map((path) => ({ path })))(host);
      host.advance("30ms");
    },
  },
  foreign: {
    config: { key: "k", signature: "00", text: "t" },
    run: ask(...["/absent", "/route", "/state", "/verify", "/zlib"].map((path) => ({ path }))),
  },
  queue: {
    config: { queue: "every-fault", consume: true },
    run: async (host) => {
      await ask({ path: "/", headers: { "x-item": "one" } })(host);
      host.advance(0);
    },
  },
  pieces: {
    config: { slots: 1, limit: 1 },
    run: ask(
      { path: "/slot", headers: { "x-a": "a", "x-now": "1" } },
      { path: "/slot/twice", headers: { "x-a": "a", "x-b": "b", "x-now": "1" } },
      { path: "/family", headers: { "x-a": "a", "x-b": "b" } },
      { path: "/family", headers: { "x-a": "c", "x-b": "d" } },
      { path: "/state", headers: { "x-a": "silent" } },
      { path: "/line" },
    ),
  },
  grpc: {
    config: { cluster: "grpc" },
    run: ask(...["/call", "/call/cancel", "/stream", "/stream/close", "/method"].map((path) => ({ path }))),
  },
  callout: { config: {}, run: ask({ path: "/" }) },
  echo: { config: {}, run: ask({ path: "/", headers: { "x-edit": "1" } }) },
};

const grpcAnswer = {
  headers: { "content-type": "application/grpc" },
  body: grpcFrame(Buffer.from("answer")),
  trailers: { "grpc-status": "5", "grpc-message": "none" },
};

test.each(Object.entries(scenarios))("%s: no host call that fails traps the VM", async (rootId, { config, run }) => {
  const wasm = await fixtureModule();
  const upstreams = { app: {}, grpc: { protocol: "h2c" as const, respond: grpcAnswer } };
  const outcomes = await everyFault(() => openHost({ plugins: [{ name: rootId, rootId, wasm, config }], upstreams }), run);

  expect(outcomes.length).toBeGreaterThan(8);
  expect(traps(outcomes)).toEqual([]);
});

test("tcp: no host call that fails traps the VM", async () => {
  const wasm = await fixtureModule();
  const filters = [{ name: "tcp", rootId: "tcp", wasm, config: {} }];
  const open = () => openHost({ listeners: { db: { tcp: { filters } } }, upstreams: { db: { protocol: "tcp" }, authorizer: {} } });
  const outcomes = await everyFault(open, async (host) => {
    for (const text of ["hello", "longer", "hold", "ask", "close"]) {
      const client = host.connect();
      client.write(text);
      host.advance("10ms");
      host.upstream("db").connections.at(-1)?.end("secret");
      client.end();
    }
  });

  expect(outcomes.length).toBeGreaterThan(8);
  expect(traps(outcomes)).toEqual([]);
});

function traps(outcomes: Awaited<ReturnType<typeof everyFault>>) {
  return outcomes
    .filter(({ trap }) => trap !== undefined)
    .map(({ callback, call, function: name, status, trap }) => ({ callback, call, name, status, trap }));
}
