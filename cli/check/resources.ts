import type { ErrorObject } from "ajv";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import type { Path, YamlSource } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { type Kind, groupAndVersion, knownKinds, validatorOf } from "../../mesh/index.ts";
import { closest } from "../../modules/verify/closest.ts";
import { counted } from "./envoy-file.ts";
import type { Report } from "./question.ts";
import { mistakesOf } from "./schema-mistakes.ts";

/** A Kubernetes resource in a file. */
interface Found {
  source: YamlSource;
  path: Path;
  value: Record<string, unknown> & { apiVersion: string; kind: string };
}

/** Whether a document is a Kubernetes resource, or a List of them. */
export function isResource(value: unknown): boolean {
  return isObject(value) && typeof value["apiVersion"] === "string" && typeof value["kind"] === "string";
}

/** Istio's and the Gateway API's resources, by the schemas of their CRDs: what the API server would refuse by structure, and fields that are none. */
export async function checkResources(documents: readonly YamlSource[], file: string): Promise<Report> {
  const found = documents.flatMap((source) => resourcesAt(source, []));
  const kinds = await knownKinds();
  const groups = new Set(kinds.map(({ group }) => group));
  const findings: Diagnostic[] = [];
  let others = 0;
  for (const resource of found) {
    const { group } = groupAndVersion(resource.value.apiVersion);
    if (groups.has(group) || group.endsWith(".istio.io")) findings.push(...(await findingsOf(resource, kinds)));
    else others++;
  }
  const checked = found.length - others;
  const rest = others === 0 ? "" : `, and ${counted(others, "other")} that ${others === 1 ? "was" : "were"} not looked at`;
  return { file, kind: "resources", what: `${counted(checked, "resource")} of Istio or the Gateway API${rest}`, by: ["schema"], findings };
}

function resourcesAt(source: YamlSource, path: Path): Found[] {
  const value = path.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], source.value);
  if (!isResource(value)) return [];
  const resource = value as Found["value"];
  const { items } = resource;
  if (resource.kind.endsWith("List") && Array.isArray(items)) return items.flatMap((_, i) => resourcesAt(source, [...path, "items", i]));
  return [{ source, path, value: resource }];
}

async function findingsOf({ source, path, value }: Found, kinds: readonly Kind[]): Promise<Diagnostic[]> {
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
function strangeKind({ apiVersion, kind }: Found["value"], kinds: readonly Kind[]): [string, string, string] {
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
