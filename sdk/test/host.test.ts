// What Envoy does not do but another host might, or a bug of a host: ids that nobody announced, callbacks out of order.
import { expect, test } from "vitest";
import { eventually } from "../../harness/expect/index.ts";
import { openHost } from "../../harness/index.ts";
import { openBareHost } from "../../test/support/bare-host.ts";
import { fixtureModule } from "./support.ts";

test("unknown ids and callbacks out of order are ignored: no trap, the stream goes on", async () => {
  const host = openBareHost(await fixtureModule());
  const callbacks: [string, ...number[]][] = [
    ["proxy_on_request_headers", 77, 3, 1],
    ["proxy_on_request_body", 77, 3, 1],
    ["proxy_on_response_headers", 77, 3, 1],
    ["proxy_on_response_body", 77, 3, 1],
    ["proxy_on_request_trailers", 77, 1],
    ["proxy_on_response_trailers", 77, 1],
    ["proxy_on_http_call_response", 77, 4, 1, 1, 0],
    ["proxy_on_tick", 77],
    ["proxy_on_log", 77],
    ["proxy_on_delete", 77],
    ["proxy_on_context_create", 78, 99],
    ["proxy_on_request_headers", 78, 1, 1],
    ["proxy_on_log", 0],
  ];

  for (const [name, ...args] of callbacks) expect([name, host.call(name, ...args) ?? 0]).toEqual([name, 0]);
  expect(host.call("proxy_on_done", 77)).toBe(1);
});

test("an allocation that cannot be had is refused with 0, not with a trap", async () => {
  const host = openBareHost(await fixtureModule());

  expect(host.call("proxy_on_memory_allocate", 0x7fff_ffff)).toBe(0);
  expect(host.call("proxy_on_memory_allocate", -1)).toBe(0);
  expect(host.call("proxy_on_memory_allocate", 300 << 20)).toBe(0);
  expect(host.call("proxy_on_memory_allocate", 64)).toBeGreaterThan(0);
});

test("a request costs the same host calls, bytes and allocations while 1,000 others are open", async () => {
  const held: (() => void)[] = [];
  await using host = await openHost({
    plugins: [{ name: "echo", rootId: "echo", wasm: await fixtureModule(), config: {} }],
    upstreams: { app: { respond: ({ path }) => (path === "/held" ? new Promise((resolve) => held.push(() => resolve({}))) : {}) } },
  });
  await host.request({ path: "/warm" });
  const alone = (await host.request({ path: "/one" })).counts["echo"];
  const others = Array.from({ length: 1_000 }, () => host.request({ path: "/held" }));
  await eventually(() => expect(held).toHaveLength(1_000));
  const among = (await host.request({ path: "/one" })).counts["echo"];

  expect(among).toEqual(alone);
  expect(alone).toBeDefined();
  for (const answer of held) answer();
  expect((await Promise.all(others)).every(({ status }) => status === 200)).toBe(true);
});
