import { OWN_GROUP } from "../model/own-group.ts";
import { type Kind, knownKinds } from "../resources/kinds.ts";
import type { Coverage, Entry } from "./entry.ts";
import { type Field, fieldsOf } from "./fields.ts";
import { type Support, supportOf } from "./support.ts";
import { coverageOf, kubernetesKinds } from "./tables/index.ts";

/** A kind with what becomes of its fields. */
interface Row extends Support {
  readonly field: Field;
}

const COLUMNS = ["supported", "error", "warning", "quiet"] as const;
const CODES = { error: "error MS1001", warning: "warning MS1002", quiet: "no finding" } as const;

/** `docs/coverage.md`, whole: every field of Istio's APIs and of the Gateway API. */
export function coveragePage(): string {
  const kinds = knownKinds().map((kind) => ({ kind, coverage: coverageOf(kind) ?? { ...kind, entries: [] }, rows: rowsOf(kind) }));
  return [
    "# Coverage",
    "",
    "<!-- Generated from mesh/coverage/ and mesh/schemas/ by `npm run generate`. -->",
    "",
    "What a mesh makes of every field of Istio's APIs, the Gateway API and its own. Nothing is left out in silence: what is not supported is an",
    "[error MS1001](errors/MS1001.md) at its place, what means nothing on one machine a [warning MS1002](errors/MS1002.md), and what Istio itself",
    "decides without a word, because two resources speak of the same, a [warning MS1003](errors/MS1003.md). `[]` is an item of a list, `{}` a value",
    "of a map. A test takes every supported field out of a resource and sees the configuration of Envoy change.",
    "",
    ...counts(kinds),
    ...kinds.flatMap(({ kind, coverage, rows }) => section(kind, coverage, rows)),
    ...kubernetes(),
  ].join("\n");
}

function rowsOf(kind: Kind): Row[] {
  const coverage = coverageOf(kind);
  return fieldsOf(kind).map((field) => ({ field, ...supportOf(coverage ?? { ...kind, entries: [] }, field) }));
}

function counts(kinds: readonly { kind: Kind; rows: readonly Row[] }[]): string[] {
  const line = (name: string, rows: readonly Row[]) =>
    `| ${[name, rows.length, ...COLUMNS.map((column) => rows.filter(({ level }) => level === column).length)].join(" | ")} |`;
  const groups = [
    { name: "**Istio**", of: kinds.filter(({ kind }) => kind.group.endsWith("istio.io")) },
    { name: "**Gateway API**", of: kinds.filter(({ kind }) => kind.group.startsWith("gateway.")) },
    { name: "**Ours**", of: kinds.filter(({ kind }) => kind.group === OWN_GROUP) },
  ];
  return [
    "| Kind | Fields | Supported | Error | Warning | No finding |",
    "|---|---|---|---|---|---|",
    ...groups.flatMap(({ name, of }) => [
      line(
        name,
        of.flatMap(({ rows }) => rows),
      ),
      ...of.map(({ kind, rows }) => line(`[${kind.kind}](#${anchor(kind)})`, rows)),
    ]),
    "",
  ];
}

const heading = ({ group, kind }: { group: string; kind: string }) => `${kind} (${group || "core"})`;
const anchor = (kind: Kind) =>
  heading(kind)
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-");

function section(kind: Kind, { whole }: Coverage, rows: readonly Row[]): string[] {
  const versions = kind.forms.flatMap((form) => form.versions).join(", ");
  const title = [`## ${heading(kind)}`, ""];
  if (whole) {
    const names = rows.map(({ field }) => code(field.path)).join(", ");
    return [...title, `${versions}. **${CODES[verdictLevel(whole.level)]}** for the whole: ${whole.reason}.`, "", `Fields: ${names}.`, ""];
  }
  return [...title, `${versions}.`, "", "| Field | Support | Reason |", "|---|---|---|", ...rows.map(fieldLine), ""];
}

const verdictLevel = (level: Support["level"]) => (level === "supported" ? "quiet" : level);

function fieldLine({ field, level, reason, except }: Row): string {
  if (level !== "supported") return `| ${code(field.path)} | ${CODES[level]} | ${cell(reason)} |`;
  const reasons = except.map((entry) => `${CODES[entry.level]} for ${entry.values ?? "some"}: ${entry.reason}`);
  return `| ${code(field.path)} | supported | ${cell(reasons.join("; "))} |`;
}

/** Their APIs are large, and little in them is for a mesh: what is not listed is read, or concerns a cluster only. */
function kubernetes(): string[] {
  const line = ({ kind, group }: Coverage, entry: Pick<Entry, "level" | "reason" | "values">, path: string) =>
    `| ${kind}${group === "" ? "" : ` (${group})`} | ${path} | ${CODES[entry.level]} | ${cell(`${entry.reason}${entry.values ? `; only ${entry.values}` : ""}`)} |`;
  const lines = kubernetesKinds.flatMap((coverage) =>
    coverage.whole
      ? [line(coverage, coverage.whole, "the whole")]
      : (coverage.entries ?? []).map((entry) => line(coverage, entry, code(entry.path))),
  );
  return [
    "## Kubernetes' own kinds",
    "",
    "Of these the mesh reads Services, and what makes Pods: Deployments, StatefulSets, DaemonSets, ReplicaSets and Pods. What is not listed here is read, or",
    "concerns containers, whose place a test takes. Annotations of Istio's that nothing reads, and kinds that are not known, are warnings MS1002.",
    "",
    "| Kind | Field | Support | Reason |",
    "|---|---|---|---|",
    ...lines,
    "",
  ];
}

const code = (path: string) => `\`${path}\``;
const cell = (text: string) => text.replaceAll("|", "\\|");
