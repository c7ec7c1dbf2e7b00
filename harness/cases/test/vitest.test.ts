// What a user sees in a run of vitest: the suites in fixture/ in a process of their own.
import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { tracingModule } from "../../../filters/tracing/test/support.ts";

const wasm = await tracingModule();

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { message: string; assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
}

function run(suite: string, env: Record<string, string> = {}): Promise<{ report: Report; stderr: string }> {
  const args = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    "harness/cases/test/fixture/vitest.config.ts",
    "--reporter=json",
    suite,
  ];
  return new Promise((resolve) => {
    const options = { env: { ...process.env, MODULE: wasm, NO_COLOR: "1", ...env }, timeout: 60_000 };
    execFile(process.execPath, args, options, (_, stdout, stderr) => {
      resolve({ report: JSON.parse(stdout.slice(stdout.indexOf("{"))) as Report, stderr });
    });
  });
}

test("each case is a test; a failure stands at its place, a skip has its reason", async () => {
  const { report } = await run("failing.suite.ts");
  const [{ assertionResults: results } = { assertionResults: [] }] = report.testResults;
  const place = "harness/cases/test/fixture/failing.yaml:5:44";

  expect(results.map(({ fullName, status }) => `${status}: ${fullName}`)).toEqual([
    "passed: on the in-process host passes",
    "failed: on the in-process host fails",
    "skipped: on the in-process host waits (skipped: no clock here)",
  ]);
  expect(results[1]?.failureMessages[0]).toContain(`${place}: error MS0803: "fails", request 1 (GET /): status 429 expected, got 200\n`);
  expect(results[1]?.failureMessages[0]).toContain(`\n    at ${place}`);
});

test("a mistake in the file stops it with the mistake's line", async () => {
  const { report } = await run("broken.suite.ts");

  expect(report.numPassedTests).toBe(0);
  expect(report.testResults[0]?.message).toContain('broken.yaml:3:36: error MS0802: cases[0].requests[0].expect: unknown field "stauts"');
  expect(report.testResults[0]?.message).toContain("    3 |     requests: [{ get: /, expect: { stauts: 200 } }]\n");
});

test("a rule that decides in no case is a warning, or on demand a failure", async () => {
  const message = "idle.yaml:3:13: %s: sampling.rules[0] decides in no case: without it they all pass";
  const warned = await run("idle.suite.ts");
  const required = await run("idle.suite.ts", { REQUIRE: "1" });

  expect(warned.report).toMatchObject({ numPassedTests: 1, numFailedTests: 0 });
  expect(warned.stderr).toContain(message.replace("%s", "warning MS0804"));
  expect(required.report).toMatchObject({ numPassedTests: 1, numFailedTests: 1 });
  expect(JSON.stringify(required.report)).toContain(message.replace("%s", "warning MS0804"));
});

test("MESHSCRIPT_HOSTS leaves hosts out", async () => {
  const { report } = await run("failing.suite.ts", { MESHSCRIPT_HOSTS: "envoy" });

  expect(report.testResults.flatMap(({ assertionResults }) => assertionResults)).toEqual([]);
});
