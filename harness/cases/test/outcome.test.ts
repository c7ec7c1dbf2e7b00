import { expect, test } from "vitest";
import { probeModule } from "../../../test/probes/module/build.ts";
import { type Script, scriptText } from "../../../test/probes/script.ts";
import { parseCases } from "../load.ts";
import { withModules } from "../modules.ts";
import { openHostTarget } from "../on-host.ts";
import { outcomeOf } from "../outcome.ts";

const wasm = await probeModule();

async function outcomeAll(script: Script) {
  const config = JSON.stringify(scriptText(script));
  const lines = ["cases:", "  - name: a case", `    config: ${config}`, "    requests: [{ get: /, expect: { status: 200 } }]"];
  const cases = parseCases(lines.join("\n"), "cases.yaml");
  const [one] = withModules(cases, wasm);
  if (!one) throw new Error("no case");
  return outcomeOf(cases, one, () => openHostTarget(cases, one));
}

async function outcome(script: Script): Promise<string[]> {
  const findings = await outcomeAll(script);
  return findings.map(({ code, message, location }) => `${location?.line} ${code}: ${message}`);
}

test("a case that holds has no findings", async () => {
  expect(await outcome({ rh: 'add_header_map_value 0 "x-a" "1"' })).toEqual([]);
});

test("what would end Envoy is told once, at the request that met it", async () => {
  expect(await outcome({ rh: "continue_stream 1" })).toEqual([
    expect.stringMatching(/^4 MS0803: "a case", request 1 \(GET \/\): an answer expected, got MS0701: .*proxy_continue_stream/),
  ]);
});

test("a filter that does not return when the stream is logged keeps the request from its answer", async () => {
  expect(await outcome({ log: "spin" })).toEqual([
    expect.stringMatching(/^4 MS0803: .*an answer expected, got MS0705: .*proxy_on_log did not return within 5000 ms$/),
  ]);
});

test("a filter that trapped is the reason, with its stack", async () => {
  const [finding] = await outcomeAll({ rh: "trap" });

  expect(finding?.message).toMatch(/status 200 expected, got 503$/);
  expect(finding?.notes[0]).toBe("the filter trapped in proxy_on_request_headers: unreachable");
  expect(finding?.notes[1]).toMatch(/^ {2}0: {2}0x[0-9a-f]+ - .*interpreter/);
});

test("a filter that does not return from its configuration is a finding at its case", async () => {
  expect(await outcome({ configure: "spin" })).toEqual([
    expect.stringMatching(/^2 MS0705: "a case": .*proxy_on_configure did not return within 5000 ms$/),
  ]);
});
