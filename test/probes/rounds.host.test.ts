// What goes round in Envoy until the VM's stack is full: the golden would be thousands of lines, so only the host is asked.
import { expect, test } from "vitest";
import { run } from "./run.ts";
import { crashTarget } from "./targets/host.ts";

test("continue_stream in the body callback that it brings again is refused", async () => {
  const script = {
    rh: "let stream = $ctx\nset_tick_period_milliseconds 20\nreturn 1",
    tick: "set_tick_period_milliseconds 0\nset_effective_context $stream\ncontinue_stream 0",
    rb: "continue_stream 0\nreturn 1",
  };
  const request = { method: "POST", body: "0123456789", trailers: { "x-t": "1" }, protocol: "h2c" } as const;
  const problem = await run({ name: "rounds", script, request }, "found/rounds", crashTarget).catch(String);

  expect(problem).toMatch(/MS0701.*in the callback that it brings/);
});
