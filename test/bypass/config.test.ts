// Families 30 and 33, as far as they are about configurations: what the filter does not know it refuses, instead of leaving it out of a rule.
import { beforeAll, describe, expect, test } from "vitest";
import { authzModule } from "../../filters/authz/test/support.ts";
import { type Verdict, openBareHost } from "../support/bare-host.ts";

let configure: (config: string) => Verdict;

beforeAll(async () => {
  configure = openBareHost(await authzModule()).configure;
});

const RULE = { to: [{ operation: { paths: ["/admin*"] } }] };
const policy = (spec: unknown, metadata: unknown = { name: "p", namespace: "shop" }) => ({ policies: [{ metadata, spec }] });
const deny = (rules: unknown) => policy({ action: "DENY", rules });
const rule = (parts: Record<string, unknown>) => deny([parts]);
const operation = (fields: unknown) => rule({ to: [{ operation: fields }] });
const source = (fields: unknown) => rule({ from: [{ source: fields }] });

const taken: [what: string, config: unknown][] = [
  ["nothing", {}],
  ["no policies", { policies: [] }],
  ["a rule", deny([RULE])],
  ["no rules", policy({ action: "DENY" })],
  ["an empty list of rules", deny([])],
  ["a rule without conditions", deny([{}])],
  ["strict matching", { ...deny([RULE]), matching: "strict" }],
];

const refused: [what: string, config: unknown][] = [
  ["an unknown field", { polices: [] }],
  ["an unknown field of a policy", { policies: [{ metadata: { name: "p" }, spec: {}, specs: {} }] }],
  ["an unknown field of a spec", policy({ action: "DENY", rule: [RULE] })],
  ["an unknown field of a rule", rule({ ...RULE, whens: [] })],
  ["an unknown part of a rule: `too`", rule({ too: RULE.to })],
  ["an unknown field of an operation: `path`", operation({ path: ["/admin*"] })],
  ["an unknown field of an operation beside a known one", operation({ paths: ["/admin*"], headers: ["x"] })],
  ["an unknown field of a source: `ipBlock`", source({ ipBlock: ["10.0.0.0/8"] })],
  ["an unknown field of a newer Istio beside a known one", source({ principals: ["*"], newField: ["x"] })],
  ["a field in snake case", source({ ip_blocks: ["10.0.0.0/8"] })],
  ["a field in capitals", operation({ Paths: ["/admin*"] })],
  ["an unknown action", policy({ action: "BLOCK", rules: [RULE] })],
  ["an action in small letters", policy({ action: "deny", rules: [RULE] })],
  ["CUSTOM, which is not there", policy({ action: "CUSTOM", rules: [RULE] })],
  ["an unknown key", rule({ when: [{ key: "request.header[x]", values: ["y"] }] })],
  ["a condition without values", rule({ when: [{ key: "request.headers[x]" }] })],
  ["an empty list of values", operation({ paths: [] })],
  ["an empty value", operation({ paths: [""] })],
  ["an empty operation", operation({})],
  ["an empty list of operations", rule({ to: [] })],
  ["an operation that is missing", rule({ to: [{}] })],
  ["a value that is no list", operation({ paths: "/admin*" })],
  ["a value that is no text", operation({ ports: [80] })],
  ["a port that is none", operation({ ports: ["65536"] })],
  ["a network that is none", source({ ipBlocks: ["10.0.0.0/33"] })],
  ["a network with a zero too many", source({ ipBlocks: ["010.0.0.1"] })],
  ["a header name that is none", rule({ when: [{ key: "request.headers[x y]", values: ["z"] }] })],
  ["null for a policy", { policies: [null] }],
  ["null for a list of rules", deny(null)],
  ["policies that are an object", { policies: {} }],
  ["a mode that is none", { mode: "enforced" }],
  ["a kind of matching that is none", { matching: "Strict" }],
  ["a selector, which the filter cannot follow", policy({ selector: {}, action: "DENY", rules: [RULE] })],
];

describe("a configuration", () => {
  test.each(taken)("with %s is taken", (_what, config) => {
    expect(configure(JSON.stringify(config)).accepted).toBe(true);
  });

  test.each(refused)("with %s is refused", (_what, config) => {
    expect(configure(JSON.stringify(config)).accepted).toBe(false);
  });

  test("that has a key twice is refused: of two policies one would be lost", () => {
    expect(configure('{"policies": [], "policies": []}').accepted).toBe(false);
    expect(configure('{"mode": "off", "mode": "enforce"}').accepted).toBe(false);
  });

  test.each(["null", "[]", " ", "{", "{}x", '{"policies": [}', '{"policies": []'])("that is %j is refused", (text) => {
    expect(configure(text).accepted).toBe(false);
  });
});
