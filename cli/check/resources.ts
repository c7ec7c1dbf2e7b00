import type { ErrorObject } from "ajv";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import { type Kind, groupAndVersion, knownKinds, validatorOf } from "../../mesh/index.ts";
import { closest } from "../../modules/verify/closest.ts";
import { counted } from "./envoy-file.ts";
import type { Report } from "./question.ts";
import type { Resource, Resources } from "./resources-in.ts";
import { mistakesOf } from "./schema-mistakes.ts";

/** Istio's and the Gateway API's resources, by the schemas of their CRDs: what the API server would refuse by structure, and fields that are none. */
export async function checkResources({ named, nameless }: Resources, file: string): Promise<Report> {
  const kinds = knownKinds();
  const groups = new Set(kinds.map(({ group }) => group));
  const findings = [...nameless];
  const others: Resource[] = [];
  for (const resource of named) {
    const { group } = groupAndVersion(resource.value.apiVersion);
    if (groups.has(group) || group.endsWith(".istio.io")) findings.push(...(await findingsOf(resource, kinds)));
    else others.push(resource);
  }
  const checked = named.length - others.length;
  // That all is well would be a lie.
  if (checked === 0 && findings.length === 0)
    return { file, kind: "unknown", what: "", by: [], findings: [noneKnown(others, file, [...groups])] };
  const rest =
    others.length === 0 ? "" : `, and ${counted(others.length, "other")} that ${others.length === 1 ? "was" : "were"} not looked at`;
  return { file, kind: "resources", what: `${counted(checked, "resource")} of Istio or the Gateway API${rest}`, by: ["schema"], findings };
}

function noneKnown(others: readonly Resource[], file: string, groups: readonly string[]): Diagnostic {
  const kinds = [...new Set(others.map(({ value }) => value.kind))];
  const only = kinds.length === 0 ? "" : `, but only: ${kinds.join(", ")}`;
  const message = `no resource of Istio or the Gateway API is here${only}`;
  return diagnostic("MS0903", message, { location: { file }, help: `the groups are: ${groups.join(", ")}` });
}

async function findingsOf({ source, path, value }: Resource, kinds: readonly Kind[]): Promise<Diagnostic[]> {
  const { group, version } = groupAndVersion(value.apiVersion);
  const at = (steps: Path, part: "key" | "value") => source.locate([...path, ...steps], part);
  const unknown = (message: string, field: string, help: string) => diagnostic("MS0915", message, { location: at([field], "value"), help });
  const kind = kinds.find((each) => each.kind === value.kind && each.group === group);
  if (kind === undefined) return [unknown(...strangeKind(value, kinds))];
  const validate = await validatorOf(kind, version);
  if (validate === undefined) {
    const served = kind.forms.flatMap(({ versions }) => versions).map((each) => `${group}/${each}`);
    return [unknown(`${kind.kind} has no version ${value.apiVersion}`, "apiVersion", `the versions are: ${served.join(", ")}`)];
  }
  // It writes defaults into what it judges.
  if (validate(structuredClone(value))) return [];
  return mistakesOf((validate.errors ?? []) as ErrorObject[]).map(({ path: steps, part, message, help }) =>
    diagnostic("MS0914", message, { location: at(steps, part), ...(help === undefined ? {} : { help }) }),
  );
}

/** Message, field and help for a kind that its group does not have. */
function strangeKind({ apiVersion, kind }: Resource["value"], kinds: readonly Kind[]): [string, string, string] {
  const { group } = groupAndVersion(apiVersion);
  const elsewhere = kinds.find((each) => each.kind === kind);
  if (elsewhere) {
    const right = `${elsewhere.group}/${elsewhere.forms[0]?.versions[0] ?? ""}`;
    return [`there is no ${kind} in ${group}`, "apiVersion", `did you mean ${right}?`];
  }
  const names = kinds.filter((each) => each.group === group).map((each) => each.kind);
  if (names.length === 0)
    return [`there is no group ${group}`, "apiVersion", `the groups are: ${[...new Set(kinds.map((each) => each.group))].join(", ")}`];
  const near = closest(kind, names);
  return [`there is no ${kind} in ${group}`, "kind", near === undefined ? `the kinds are: ${names.join(", ")}` : `did you mean ${near}?`];
}
