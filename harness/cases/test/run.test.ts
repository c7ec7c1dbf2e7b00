import { describe, expect, test } from "vitest";
import { render } from "../../../diagnostics/index.ts";
import { tracingModule } from "../../../filters/tracing/test/support.ts";
import { chooseHosts } from "../choose.ts";
import { parseCases } from "../load.ts";
import { withModules } from "../modules.ts";
import { openHostTarget } from "../on-host.ts";
import { openCase } from "../refusal.ts";
import { runCase } from "../run.ts";
import type { Target } from "../target.ts";

const wasm = await tracingModule();

/** What is found when the one case of a text runs on the host. */
async function findings(text: string, change: (target: Target) => Target = (target) => target) {
  const cases = parseCases(text, "cases.yaml");
  const [one] = withModules(cases, wasm);
  if (!one) throw new Error("no case");
  const opened = await openCase(cases, one, () => openHostTarget(cases, one));
  if ("findings" in opened) return opened.findings;
  const found = await runCase(cases, one, change(opened.target));
  await opened.target.close();
  return found;
}

const found = async (text: string) =>
  (await findings(text)).map(({ location, message }) => `${location?.line}:${location?.column}: ${message}`);
const withRequests = (...requests: string[]) =>
  `cases:\n  - name: a case\n    requests:\n${requests.map((one) => `      - { ${one} }\n`).join("")}`;

describe("an expectation that does not hold", () => {
  test("is shown with the case, the request, its line, what was expected and what came", async () => {
    const text = withRequests("get: /", "post: /api, times: 2, body: hello, expect: { status: 429, received: { path: / } }");
    const shown = render(await findings(text), { color: false });

    expect(shown.replace(/date: .*/, "date: ...")).toBe(
      [
        'cases.yaml:5:64: error MS0803: "a case", request 2 (POST /api, 1 of 2): status 429 expected, got 200',
        "    5 |       - { post: /api, times: 2, body: hello, expect: { status: 429, received: { path: / } } }",
        "      |                                                                ^^^",
        "  on the in-process host",
        "  the answer:",
        "    200 OK",
        "      content-length: 0",
        "      x-envoy-upstream-service-time: 0",
        "      date: ...",
        "      server: envoy",
        "help: correct the filter, or what the case expects of it        docs/errors/MS0803.md",
        "",
      ].join("\n"),
    );
  });

  test("ends the case at its request; all of that request are reported in the order of the file", async () => {
    const text = withRequests("get: /a, expect: { body: x, status: 201 }", "get: /b, expect: { status: 500 }");

    expect(await found(text)).toEqual([
      '4:36: "a case", request 1 (GET /a): body "x" expected, got none',
      '4:47: "a case", request 1 (GET /a): status 201 expected, got 200',
    ]);
  });

  test.each<[string, string, string]>([
    [
      "of what was received",
      "get: /, expect: { received: { headers: { traceparent: junk } } }",
      '4:65: "a case", request 1 (GET /): header traceparent "junk" expected, got "00-',
    ],
    [
      "of how much was received",
      "get: /, times: 3, expect: { upstream: 2 }",
      '4:49: "a case", request 1 (GET /): 2 requests at upstream app expected, got 3',
    ],
    [
      "of how much was received by name",
      "get: /, expect: { upstream: { app: 0 } }",
      '4:46: "a case", request 1 (GET /): 0 requests at upstream app expected, got 1',
    ],
  ])("%s", async (_, request, message) => {
    const [first, ...others] = await found(withRequests(request));
    expect(first?.startsWith(message), first).toBe(true);
    expect(others).toEqual([]);
  });

  test("of counters and log lines, after the requests", async () => {
    expect(await found(`${withRequests("get: /")}    stats: { started: 2 }\n    log: [hello, { level: info, absent: true }]\n`)).toEqual([
      '5:23: "a case": meshscript_tracing_started_total to change by 2 expected, got 1',
      '6:11: "a case": a log line with "hello" expected, got none',
    ]);
  });

  test("of the access log", async () => {
    const text = withRequests("get: /a, times: 2", "get: /b, expect: { accessLog: { path: /a, status: 200, route: x } }");
    expect(await found(text)).toEqual([
      '5:49: "a case", request 2 (GET /b): path "/a" in the access log expected, got "/b"',
      '5:73: "a case", request 2 (GET /b): route "x" in the access log expected, got none',
    ]);
  });

  test("of an answer, when there is none", async () => {
    const text = `upstreams: { app: { respond: { body: hello, reset: mid-body } } }\n${withRequests("get: /")}`;
    expect(await found(text)).toEqual([expect.stringMatching(/^5:9: "a case", request 1 \(GET \/\): an answer expected, got MS0408: /)]);
  });

  test("in the third of several", async () => {
    let count = 0;
    const third = (target: Target): Target => ({
      ...target,
      request: (request) => target.request({ ...request, path: ++count === 3 ? "/other" : "/" }),
    });
    const [first] = await findings(withRequests("get: /, times: 5, expect: { received: { path: / } }"), third);
    expect(first?.message).toBe('"a case", request 1 (GET /, 3 of 5): path "/" expected, got "/other"');

    count = 0;
    const [entry] = await findings(withRequests("get: /, times: 5, expect: { accessLog: { path: / } }"), third);
    expect(entry?.message).toBe('"a case", request 1 (GET /, 3 of 5): path "/" in the access log expected, got "/other"');
  });
});

test("requests wait for their time, and those without one come at once", async () => {
  const times: number[] = [];
  const watched = (target: Target): Target => ({
    ...target,
    waitUntil: (time) => {
      times.push(time);
      return target.waitUntil(time);
    },
  });
  const before = performance.now();

  expect(await findings(withRequests("get: /", "get: /, at: 1h", "get: /, at: 2h", "get: /"), watched)).toEqual([]);
  expect(times).toEqual([0, 3_600_000, 7_200_000, 0]);
  expect(performance.now() - before).toBeLessThan(5_000);
});

test("on the host an hour passes in the module's clock", async () => {
  const cases = parseCases(withRequests("get: /"), "cases.yaml");
  const [one] = withModules(cases, wasm);
  if (!one) throw new Error("no case");
  const target = await openHostTarget(cases, one);
  const dates: unknown[] = [];
  for (const time of [0, 3_600_000, 1_800_000]) {
    await target.waitUntil(time);
    dates.push((await target.request({ path: "/" })).header("date"));
  }
  await target.close();

  expect(dates).toEqual(["Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 01:00:00 GMT", "Thu, 01 Jan 2026 01:00:00 GMT"]);
});

describe("a configuration", () => {
  test("that is refused is a finding at its place, with what the module said", async () => {
    const text = `config: { mode: loud }\n${withRequests("get: /")}`;
    expect(await found(text)).toEqual([
      expect.stringMatching(
        /^1:9: "a case": the module refuses its configuration: \[tracing #\d+\] configuration refused: mode .* got "loud"$/,
      ),
    ]);
  });

  test("that should be refused and is not, or for another reason", async () => {
    expect(await found("cases:\n  - name: a\n    refused: mode\n")).toEqual([
      '3:14: "a": refused "mode" expected, got a filter that serves',
    ]);
    expect(await found("cases:\n  - name: a\n    config: { mode: loud }\n    refused: sampling\n")).toEqual([
      expect.stringMatching(/^4:14: "a": refused "sampling" expected, got ".*configuration refused: mode /),
    ]);
  });
});

describe("the module", () => {
  const one = (text: string, given?: Parameters<typeof withModules>[1]) =>
    withModules(parseCases(text, "/x/cases.yaml"), given).flatMap(({ chain }) => chain.map(({ filter, wasm }) => `${filter} ${wasm}`));
  const chain = "cases: [{ name: a, requests: [{ get: / }], chain: [{ filter: f, wasm: own.wasm }, { filter: g }] }]";

  test("is the one that is named nearest", () => {
    expect(one(`wasm: file.wasm\n${withRequests("get: /")}`)).toEqual(["file /x/file.wasm"]);
    expect(one(`wasm: file.wasm\n${withRequests("get: /")}`, "/y/given.wasm")).toEqual(["given /y/given.wasm"]);
    expect(one(chain, "/y/given.wasm")).toEqual(["f /x/own.wasm", "g /y/given.wasm"]);
    expect(one(`wasm: file.wasm\n${chain}`, { f: "/y/f.wasm" })).toEqual(["f /y/f.wasm", "g /x/file.wasm"]);
  });

  test("must be named somewhere", () => {
    expect(() => one(chain)).toThrow(/^\/x\/cases\.yaml:1:83: MS0805: there is no module for the filter "g"/);
    expect(() => one(withRequests("get: /"))).toThrow(/MS0805: there is no module to run/);
  });
});

test("the environment restricts the hosts", () => {
  expect(chooseHosts(undefined, undefined)).toEqual(["host", "envoy"]);
  expect(chooseHosts(undefined, "")).toEqual(["host", "envoy"]);
  expect(chooseHosts(undefined, "host")).toEqual(["host"]);
  expect(chooseHosts(["envoy"], "host, envoy")).toEqual(["envoy"]);
  expect(chooseHosts(["envoy"], "host")).toEqual([]);
  expect(() => chooseHosts(undefined, "hosts")).toThrow(/MS0806: MESHSCRIPT_HOSTS names "hosts"; the hosts are: host, envoy/);
});
