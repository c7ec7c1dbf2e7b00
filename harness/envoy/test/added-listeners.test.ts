import { expect, test } from "vitest";
import { openEnvoy } from "../open.ts";

const answers = (body: string) => [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } }];

test("a listener that comes while another one drains has a port of its own, and keeps it", async () => {
  // The old form of a changed listener drains for drainSeconds, with the address 127.0.0.1:0, which Envoy compares.
  await using envoy = await openEnvoy({ drainSeconds: 30, listeners: { first: { routes: answers("one") } } });
  const before = envoy.address("first");
  const preserving = { preserve_external_request_id: true };
  await envoy.update({
    listeners: { first: { routes: answers("two"), httpConnectionManager: preserving }, second: { routes: answers("new") } },
  });
  expect(envoy.address("first")).toEqual(before);
  const second = envoy.address("second");
  expect(second.port).not.toBe(before.port);
  for (const [listener, body] of [
    ["first", "two"],
    ["second", "new"],
  ] as const) {
    for (let i = 0; i < 5; i++) expect((await envoy.request({ listener })).text()).toBe(body);
  }
  await envoy.update({ listeners: { first: { routes: answers("three") }, second: { routes: answers("newer") } } });
  expect(envoy.address("second")).toEqual(second);
  expect((await envoy.request({ listener: "second" })).text()).toBe("newer");
});
