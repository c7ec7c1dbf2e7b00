import { expect, test } from "vitest";
import { tracingModule } from "../../../filters/tracing/test/support.ts";
import { Status, everyFault, openHost } from "../index.ts";
import { lines, open } from "./support.ts";

const script = { rh: 'get_header_map_value 0 ":path"\nadd_header_map_value 0 "x" "1"\nget_header_map_value 0 "x"' };

test("one host call of a callback fails with a status, and does nothing", async () => {
  await using host = await open(script);
  host.fail({ callback: "proxy_on_request_headers", call: 4, status: Status.InternalFailure });
  await host.request();

  // Each step logs a line, which is a host call too.
  expect(host.faults).toEqual(["proxy_add_header_map_value"]);
  expect(lines(host)).toContain('rh add_header_map_value 0 "x" "1" = 10');
  expect(lines(host)).toContain('rh get_header_map_value 0 "x" = 1 -');
});

test("only one run of the callback, when asked", async () => {
  await using host = await open(script);
  host.fail({ callback: "proxy_on_request_headers", call: 4, status: Status.BadArgument, run: 2 });
  for (let i = 0; i < 3; i++) await host.request();

  expect(host.upstream("app").requests.map((request) => request.header("x"))).toEqual(["1", undefined, "1"]);
});

test("calls of one host function are counted alone, and fail up to the last that is meant", async () => {
  const twice = 'get_header_map_value 0 ":path"\nadd_header_map_value 0 "x" "1"';
  await using host = await open({ rh: [twice, twice, twice, twice].join("\n") });
  const added = async (range: { call: number; until?: number }) => {
    host.fail({ callback: "proxy_on_request_headers", name: "proxy_add_header_map_value", status: Status.CasMismatch, ...range });
    await host.request();
    return lines(host)
      .filter((line) => line.includes("add_header_map_value"))
      .slice(-4)
      .map((line) => line.endsWith("= 8"));
  };

  expect(await added({ call: 2, until: 3 })).toEqual([false, true, true, false]);
  expect(host.faults).toEqual(["proxy_add_header_map_value", "proxy_add_header_map_value"]);
  expect(await added({ call: 3, until: Number.POSITIVE_INFINITY })).toEqual([false, false, true, true]);
  expect(await added({ call: 1 })).toEqual([true, false, false, false]);
});

test("every host call of a filter fails in turn: tracing never traps, and every request is answered", async () => {
  const wasm = await tracingModule();
  const outcomes = await everyFault(
    () =>
      openHost({
        plugins: [{ name: "tracing", wasm, config: { response: { serverTiming: true }, baggage: { maxMembers: 3 } } }],
        upstreams: { app: {} },
      }),
    async (host) => {
      const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", tracestate: "a=1", baggage: "a=1,b=2" };
      expect((await host.request({ headers })).status).toBe(200);
    },
  );

  expect(new Set(outcomes.map(({ callback }) => callback))).toContain("proxy_on_request_headers");
  expect(outcomes.length).toBeGreaterThanOrEqual(20);
  expect(outcomes.filter(({ trap, error }) => trap !== undefined || error !== undefined)).toEqual([]);
});

test("calls, bytes and allocations of a request are counted exactly", async () => {
  await using host = await open({ rh: 'get_header_map_value 0 ":path"' });
  const first = await host.request({ path: "/abc" });
  const second = await host.request({ path: "/abc" });
  const counts = second.counts["scripted"];

  expect(counts).toEqual(first.counts["scripted"]);
  expect(counts?.hostCalls["proxy_get_header_map_value"]).toBe(1);
  expect(counts?.callbacks).toMatchObject({ proxy_on_context_create: 1, proxy_on_request_headers: 1, proxy_on_log: 1, proxy_on_delete: 1 });
  // What the host gave is the path, into memory that the module allocated for it.
  expect([counts?.bytesToGuest, counts?.guestAllocations, counts?.guestAllocatedBytes]).toEqual([4, 1, 4]);
  expect(host.linearMemory()["meshscript.scripted"]).toBeGreaterThan(0);
  expect(host.rootCounts()["scripted"]?.callbacks["proxy_on_configure"]).toBe(1);
});

test("what the host reads of a module is counted, blocks of pairs too", async () => {
  await using host = await open({ rh: 'set_header_map_pairs 0 {":method" = "GET", ":path" = "/", ":authority" = "a", "x" = "1"}' });
  const before = lines(host).length;
  const { counts } = await host.request();

  const logged = lines(host).slice(before).join("").length;
  const block = 4 + 4 * 8 + [":method", "GET", ":path", "/", ":authority", "a", "x", "1"].reduce((sum, text) => sum + text.length + 1, 0);
  expect(counts["scripted"]?.bytesFromGuest).toBe(logged + block);
});

test("a capability that is not given answers 10, and the callback is not called", async () => {
  await using host = await open(
    { rh: 'get_header_map_value 0 ":path"\nget_property "plugin_name"' },
    {},
    { capabilities: ["proxy_log", "proxy_on_request_headers", "proxy_get_buffer_bytes", "proxy_get_property"] },
  );
  const response = await host.request();

  expect(lines(host)).toContain('rh get_header_map_value 0 ":path" = 10 -');
  expect(lines(host)).toContain('rh get_property "plugin_name" = 0 "scripted"');
  expect(response.counts["scripted"]?.callbacks["proxy_on_log"]).toBeUndefined();
});
