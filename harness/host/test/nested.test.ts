import { expect, test } from "vitest";
import { open } from "./support.ts";

/** Holds requests, and lets all of them go in one tick. Ids of contexts count up; for one that is none nothing happens. */
const letsGo = (streams: number) => ({
  rh: "set_tick_period_milliseconds 5\nreturn 1",
  tick: [
    "set_tick_period_milliseconds 0",
    ...Array.from({ length: streams + 4 }, (_, i) => `set_effective_context ${i + 1}\ncontinue_stream 0`),
  ].join("\n"),
  sh: "return 0",
});

/** How many of so many requests that wait at once are answered, and how. */
async function held(streams: number): Promise<{ statuses: number[]; failure: string | undefined }> {
  await using host = await open(letsGo(streams), {
    routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
    onHang: "wait",
  });
  const waiting = Array.from({ length: streams }, () => host.request({ timeout: 60_000 }).catch(() => ({ status: 0 })));
  const statuses = (await Promise.all(waiting)).map(({ status }) => status);
  return { statuses: [...new Set(statuses)].sort(), failure: host.failure?.reason };
}

test("some hundred streams that go on in one tick do so", async () => {
  expect(await held(300)).toEqual({ statuses: [200], failure: undefined });
});

test("with many more the stack is full and the VM lost, as in Envoy: each goes on within the one before", async () => {
  const { statuses, failure } = await held(800);

  expect(failure).toBe("Maximum call stack size exceeded");
  // The VM fails closed for those that come to it afterwards.
  expect(statuses).toEqual([200, 503]);
});
