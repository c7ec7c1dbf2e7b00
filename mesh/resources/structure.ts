import type { ErrorObject, ValidateFunction } from "ajv";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { mistakesOf } from "../../harness/schema/mistakes.ts";
import { closest } from "../../modules/verify/closest.ts";
import { OWN_GROUP } from "../model/own-group.ts";
import { filterConfigMistakes } from "./filter-config.ts";
import { type Kind, groupAndVersion, knownKinds, validatorOf } from "./kinds.ts";
import { kubernetesValidator } from "./kubernetes.ts";
import type { Resource } from "./resource.ts";

/** Whether a resource is of an API whose CRDs are known; Kubernetes' own are not. */
export function hasSchema({ apiVersion }: { apiVersion: string }): boolean {
  const { group } = groupAndVersion(apiVersion);
  return group.endsWith(".istio.io") || knownKinds().some((kind) => kind.group === group);
}

/** A resource, and where it stands. */
export interface Judged extends Pick<Resource, "at"> {
  readonly value: Readonly<Record<string, unknown>> & { readonly apiVersion: string; readonly kind: string };
}

/**
 * What an API server would refuse of its structure, and fields that are none: MS0914 at their place, MS0915 for kinds and versions that are none. Of
 * Kubernetes' own kinds, what the mesh reads.
 */
export async function structureMistakes({ value, at }: Judged): Promise<Diagnostic[]> {
  if (!hasSchema(value)) return judged(await kubernetesValidator(value.kind), value, at);
  const kinds = knownKinds();
  const { group, version } = groupAndVersion(value.apiVersion);
  const unknown = (message: string, field: string, help: string) => diagnostic("MS0915", message, { location: at([field], "value"), help });
  const kind = kinds.find((each) => each.kind === value.kind && each.group === group);
  if (kind === undefined) return [unknown(...strangeKind(value, kinds))];
  const validate = await validatorOf(kind, version);
  if (validate === undefined) {
    const served = kind.forms.flatMap(({ versions }) => versions).map((each) => `${group}/${each}`);
    return [unknown(`${kind.kind} has no version ${value.apiVersion}`, "apiVersion", `the versions are: ${served.join(", ")}`)];
  }
  const found = judged(validate, value, at);
  // Of what a filter of ours is told, its own schema.
  return found.length === 0 && group === OWN_GROUP ? filterConfigMistakes({ value, at }) : found;
}

function judged(validate: ValidateFunction, value: Judged["value"], at: Judged["at"]): Diagnostic[] {
  // It writes defaults into what it judges.
  if (validate(structuredClone(value))) return [];
  return mistakesOf((validate.errors ?? []) as ErrorObject[]).map(({ path: steps, part, message, help }) =>
    diagnostic("MS0914", message, { location: at(steps, part), ...(help === undefined ? {} : { help }) }),
  );
}

/** Message, field and help for a kind that its group does not have. */
function strangeKind({ apiVersion, kind }: Judged["value"], kinds: readonly Kind[]): [string, string, string] {
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
