import { expect, test } from "vitest";
import { open, scripted } from "./support.ts";

// Enough for callbacks that return, on a busy machine, too.
const callbackLimit = "500ms";

test("a callback that does not return ends the host after the limit, and says which one of which filter", async () => {
  const host = await open({ rh: "spin" }, { callbackLimit });
  const one = host.request();

  await expect(one).rejects.toThrow(/MS0705: scripted: proxy_on_request_headers did not return within 500 ms/);
  await expect(host.request()).rejects.toThrow(/MS0705/);
  expect(host.running).toBe(false);
  await expect(host.stop()).rejects.toThrow(/MS0705/);
});

test("so does one outside of requests: in a timer", async () => {
  await using host = await open({ configure: "set_tick_period_milliseconds 10", tick: "spin" }, { callbackLimit, mayEnd: true });
  host.advance("10ms");

  await expect(host.request()).rejects.toThrow(/MS0705: scripted: proxy_on_tick did not return/);
});

test("a configuration callback that does not return refuses the configuration: at the start, and in an update the old one stays", async () => {
  await expect(open({ configure: "spin" }, { callbackLimit })).rejects.toThrow(/MS0705: scripted: proxy_on_configure did not return/);

  await using host = await open({}, { callbackLimit });
  const next = await scripted({ configure: "spin" });
  await expect(host.update({ plugins: [next] })).rejects.toThrow(/MS0705/);
  expect((await host.request()).status).toBe(200);
});

test("the limit changes nothing about modules that return", async () => {
  const script = { rh: 'add_header_map_value 0 "x-a" "1"', sh: "get_header_map_pairs 2", log: 'log 2 "end"' };
  const run = async (limit?: string) => {
    await using host = await open(script, limit ? { callbackLimit: limit } : {});
    const response = await host.request();
    return { status: response.status, headers: response.headers, counts: response.counts, logs: host.logs().wasm.map((l) => l.message) };
  };

  expect(await run("10s")).toEqual(await run());
});

test.each([0, -1, 1.5, "soon"])("the limit %j is refused", async (limit) => {
  await expect(open({}, { callbackLimit: limit })).rejects.toThrow(/MS0407|MS0601/);
});
