import type { CodeEntry } from "../code-entry.ts";

/** MS08xx: files of cases */
export const cases = {
  MS0801: {
    level: "error",
    title: "a cases file that cannot be read",
    help: "write one YAML object with a list `cases`; docs/cases.md has a whole one",
    kind: "data",
  },
  MS0802: {
    level: "error",
    title: "a mistake in a cases file",
    help: "docs/cases.md lists the fields; an editor completes them from harness/cases/cases.schema.json",
    kind: "data",
    details:
      "The file is YAML, and something in it is unknown, missing, of a wrong type, or contradicts something else. All mistakes are reported at once, and no case runs before they are mended: a case with a misspelt expectation would expect nothing.",
    example: `cases.yaml:5:66: error MS0802: cases[0].requests[0].expect.status must be a status from 100 to 599, or a list of them, got "ok"
    5 |       - { get: /api, headers: { x-user: ann }, expect: { status: ok } }
      |                                                                  ^^
help: docs/cases.md lists the fields; an editor completes them from harness/cases/cases.schema.json
      docs/errors/MS0802.md`,
  },
  MS0803: {
    level: "error",
    title: "an expectation of a case that does not hold",
    help: "correct the filter, or what the case expects of it",
    kind: "test",
    details:
      "The case ran, and something came out otherwise than the file says. The finding stands at the expectation; below it is what came. When it fails on one host only, that is a difference between the hosts: please report it.",
  },
  MS0804: {
    level: "warning",
    title: "a rule that decides in no case",
    help: "add a case that fails without this rule, or take the rule out",
    kind: "test",
    details:
      "Rule coverage: each rule, limit, policy or fault of a configuration was taken out in turn, and all cases of that configuration ran again on the in-process host. Without this one none of them failed: either no request reaches it, or it never makes a difference.",
  },
  MS0805: {
    level: "error",
    title: "a case without a module to run",
    help: "give the path of the module: `wasm:` in the file, or `runCases(file, { wasm })` in the test",
    kind: "usage",
  },
  MS0807: {
    level: "error",
    title: "a configuration in a cases file that the module refuses",
    help: "correct the configuration; if it shall be refused, expect that: `refused: TEXT` in place of `requests`",
    kind: "data",
    details: "The module itself read the configuration and refused it, on the host that the finding names; what it logged stands below.",
  },
  MS0806: {
    level: "error",
    title: "an unknown host for cases",
    help: "the hosts are `host` and `envoy`: MESHSCRIPT_HOSTS=host, or MESHSCRIPT_HOSTS=host,envoy for both",
    kind: "usage",
  },
} as const satisfies Record<string, CodeEntry>;
