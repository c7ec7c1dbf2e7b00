import { hostFunctions, wasiFunctions } from "../../modules/abi.ts";
import { differences } from "./differences.ts";
import { readGolden } from "./golden.ts";
import { fatal } from "./list/fatal.ts";
import { topics } from "./list/index.ts";

/** What a function answered in a phase: status (or `fatal`) to the number of calls. */
export type Seen = Map<string, Map<string, number>>;

/** The functions that this suite is about, by the names that scripts use. */
export const functions: readonly string[] = [
  ...Object.keys(hostFunctions).map((name) => name.replace(/^proxy_/, "")),
  ...Object.keys(wasiFunctions),
];

const STEP = /^(?:\[\w+\] )?([a-z]+) ([a-z_]+)(?: .*)? = (-?\d+)(?: .*)?$/;
const WITHOUT_ANSWER = /^(?:\[\w+\] )?([a-z]+) (proc_exit) \d+$/;

/** Functions to phases to the statuses that Envoy answered, from the goldens. */
export function coverage(): Map<string, Seen> {
  const table = new Map<string, Seen>(functions.map((name) => [name, new Map()]));
  const count = (name: string, phase: string, status: string) => {
    const seen = table.get(name);
    const statuses = seen?.get(phase) ?? new Map<string, number>();
    seen?.set(phase, statuses.set(status, (statuses.get(status) ?? 0) + 1));
  };
  for (const { topic } of topics) {
    const accessLog = /^(phase-access-log|access-loggers)$/.test(topic);
    for (const text of readGolden(topic).values()) {
      let effective = false;
      for (const line of text.split("\n")) {
        // What came last in a stream that waited for the root: the calls after a successful set_effective_context are the stream's.
        if (/^(?:\[\w+\] )?\w+ \d+( \w+( \w+)?=.*)?$/.test(line)) effective = false;
        const [, section = "", name = "", status = ""] = STEP.exec(line) ?? WITHOUT_ANSWER.exec(line) ?? [];
        const phase = accessLog && section === "log" ? "access log" : section;
        if (phase === "" || phase === "client" || phase === "upstream") continue;
        count(name, effective ? `${phase} (stream)` : phase, status === "" ? "ends the callback" : status);
        if (name === "set_effective_context" && status === "0" && /^(tick|callout|queue)$/.test(phase)) effective = true;
      }
    }
  }
  for (const text of readGolden(fatal.topic).values()) {
    const line = text.split("\n").findLast((one) => STEP.test(one)) ?? "";
    const [, phase = "", name = ""] = STEP.exec(line) ?? [];
    if (name !== "" && text.endsWith("the host crashes"))
      count(name, /^(tick|callout|queue)$/.test(phase) ? `${phase} (stream)` : phase, "crash");
  }
  return table;
}

/** Phases in the order in which they come. */
export const phaseOrder = [
  "create",
  "start",
  "configure",
  "tick",
  "tick (stream)",
  "rh",
  "rb",
  "rt",
  "callout",
  "callout (stream)",
  "queue",
  "queue (stream)",
  "sh",
  "sb",
  "st",
  "log",
  "access log",
  "done",
  "delete",
] as const;

/** docs/envoy-probes.md: which statuses Envoy was seen to answer. */
export function probeTable(): string {
  const table = coverage();
  const rows = [...table].map(([name, seen]) => {
    const cells = phaseOrder.map((phase) =>
      [...(seen.get(phase)?.keys() ?? [])].sort((a, b) => (Number(a) || 0) - (Number(b) || 0)).join(" "),
    );
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  const counts = [...topics, fatal].map(({ topic, probes }) => `| ${topic} | ${probes.length} |`);
  const total = [...topics, fatal].reduce((sum, { probes }) => sum + probes.length, 0);
  return `# What Envoy answers

Generated from the goldens of [test/probes](../test/probes/README.md), which are what Envoy 1.40 answered. Each cell has the statuses that
a host function gave in a phase: 0 Ok, 1 NotFound, 2 BadArgument, 3 SerializationFailure, 6 InvalidMemoryAccess, 7 Empty, 8 CasMismatch, 10 InternalFailure, WASI
76 not capable. \`crash\` is a call that ended Envoy. \`(stream)\` is a callback of the root after \`set_effective_context\` of a stream.

| function | ${phaseOrder.join(" | ")} |
|---|${phaseOrder.map(() => "---|").join("")}
${rows.join("\n")}

## Probes

| topic | probes |
|---|---|
${counts.join("\n")}
| all | ${total} |

## The in-process host

It is asked every one of these probes in every run of the tests and gives Envoy's answer, whole: the module's lines, the client's answer, the
upstream's request, the access log. A \`crash\`, and a client that would wait in vain, fail the test there (MS0701, MS0702). What is different, on purpose:

| probes | what the host does instead, and why |
|---|---|
${differences.map(({ probe, why }) => `| ${differing(probe)} | ${why} |`).join("\n")}
`;
}

/** The probes that a difference is about. */
function differing(probe: RegExp): string {
  const names = topics.flatMap(({ topic, probes }) =>
    probes.map(({ name }) => `${topic}: ${name}`).filter((name) => probe.test(name.replace(": ", " > "))),
  );
  return names.length > 4 ? `${names.slice(0, 2).join("; ")}; and ${names.length - 2} more` : names.join("; ");
}
