import { expect, test } from "vitest";
import { tracingModule } from "../../../filters/tracing/test/support.ts";
import { idleRules, ruleCoverage } from "../coverage.ts";
import { parseCases } from "../load.ts";
import { withModules } from "../modules.ts";
import { rulesOf, without } from "../rules.ts";

const wasm = await tracingModule();

async function coverageOf(text: string) {
  const cases = parseCases(text, "cases.yaml");
  return ruleCoverage(cases, withModules(cases, wasm));
}

const rule = (value: string, percentage = 100) => `{ when: [{ header: x-a, exact: "${value}" }], percentage: ${percentage} }`;
const config = (...rules: string[]) =>
  `config:\n  sampling:\n    percentage: 0\n    rules:\n${rules.map((one) => `      - ${one}\n`).join("")}`;
const request = (value: string, flags: string) =>
  `      - { get: /, headers: { x-a: "${value}" }, expect: { received: { headers: { traceparent: { matches: "-${flags}$" } } } } }\n`;

test("a rule decides when some case fails without it", async () => {
  const found = await coverageOf(
    `${config(rule("1"), rule("2"), rule("3", 0))}cases:\n  - name: a\n    requests:\n${request("1", "03")}${request("3", "02")}`,
  );

  expect(found).toMatchObject([
    { rule: "sampling.rules[0]", decidesIn: "a", location: { file: "cases.yaml", line: 5, column: 9 } },
    // Nobody asks for it.
    { rule: "sampling.rules[1]", location: { line: 6, column: 9 } },
    // Somebody does, and gets what there would be without it.
    { rule: "sampling.rules[2]", location: { line: 7, column: 9 } },
  ]);
  expect(found.filter(({ decidesIn }) => decidesIn !== undefined)).toHaveLength(1);
  expect(idleRules(found).map(({ code, message }) => `${code}: ${message}`)).toEqual([
    "MS0804: sampling.rules[1] decides in no case: without it they all pass",
    "MS0804: sampling.rules[2] decides in no case: without it they all pass",
  ]);
});

test("a rule that only decides before another counts", async () => {
  const found = await coverageOf(`${config(rule("1", 0), rule("1"))}cases:\n  - name: a\n    requests:\n${request("1", "02")}`);

  expect(found.map(({ decidesIn }) => decidesIn)).toEqual(["a", undefined]);
});

test("each configuration is looked at with its own cases, an alias with those of its anchor", async () => {
  const own = `{ sampling: { percentage: 0, rules: [${rule("1")}] } }`;
  const found = await coverageOf(
    [
      "cases:",
      `  - name: idle\n    config: ${own}\n    requests:\n${request("2", "02")}`,
      `  - name: shares\n    config: &shared ${own}\n    requests:\n${request("2", "02")}`,
      `  - name: decides\n    config: *shared\n    requests:\n${request("1", "03")}`,
    ].join("\n"),
  );

  expect(found.map(({ decidesIn }) => decidesIn)).toEqual([undefined, "decides"]);
});

test("while a case fails, nobody can tell", async () => {
  const found = await coverageOf(`${config(rule("1"))}cases:\n  - name: a\n    requests:\n${request("2", "03")}`);

  expect(found).toMatchObject([{ unknown: "failing" }]);
  expect(idleRules(found)).toEqual([]);
});

test("cases that are skipped on the host, and those of a refusal, do not count", async () => {
  const found = await coverageOf(
    `${config(rule("1"))}cases:\n  - name: a\n    skip: { host: why }\n    requests:\n${request("1", "03")}  - name: b\n    refused: x\n`,
  );

  expect(found).toMatchObject([{ rule: "sampling.rules[0]" }]);
  expect(idleRules(found)).toHaveLength(1);
});

test("a configuration that is only there to be refused has no rules that could decide", async () => {
  const own = `config: { nonsense: 1, sampling: { rules: [${rule("1")}] } }`;
  const found = await coverageOf(`cases:\n  - name: a\n    ${own}\n    refused: unknown field\n`);

  expect(found).toEqual([]);
});

test("rules are the elements of lists of that name, and whatever has a `when`", () => {
  const policies = {
    limits: [{ name: "a" }, "text"],
    nested: { faults: [{}], others: [{ when: [{ header: "x" }] }, { unless: 1 }] },
    policies: [{ name: "b", rules: [{}] }],
  };
  const found = rulesOf(policies);

  expect(found.map(({ path, name }) => [path.join("."), name])).toEqual([
    ["limits.0", "a"],
    ["nested.faults.0", undefined],
    ["nested.others.0", undefined],
    ["policies.0", "b"],
    ["policies.0.rules.0", undefined],
  ]);
  expect(without(policies, { path: ["policies", 0, "rules", 0] })).toEqual({ ...policies, policies: [{ name: "b", rules: [] }] });
  expect(policies.policies[0]?.rules).toHaveLength(1);
});
