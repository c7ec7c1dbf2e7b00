import type { ErrorObject } from "ajv";
import { closest } from "../../modules/verify/closest.ts";
import { fieldName } from "../cases/findings.ts";
import type { Path } from "../cases/source.ts";
import { type Mistake, missingField, shown, unknownField, wrongValue } from "./mistake.ts";
import { combined } from "./unions.ts";
import { wanted } from "./words.ts";

/** Errors of ajv, all of them, as an author wants to hear them: one for each mistake. */
export function mistakesOf(errors: readonly ErrorObject[]): Mistake[] {
  const unions = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
  const within = (error: ErrorObject, union: ErrorObject) => branchOf(error, union) !== undefined;
  const outer = unions.filter((union) => !unions.some((other) => within(union, other)));
  const plain = errors.filter((error) => !outer.includes(error) && !outer.some((union) => within(error, union)));
  const found = [
    ...plain.flatMap(mistakeOf),
    ...outer.flatMap((union) => {
      const rivals = rivalFields(union);
      if (rivals) return [wrongValue(pathOf(union.instancePath), `must have only one of ${rivals.join(", ")}`, "")];
      const branches = (union.schema as unknown[]).map((_, i) => mistakesOf(errors.filter((error) => branchOf(error, union) === i)));
      const failed = branches.filter((branch) => branch.length > 0);
      return combined(pathOf(union.instancePath), union.data, failed);
    }),
  ];
  return found.filter((mistake) => !isConsequence(mistake, found));
}

/** Which alternative of a union an error is of. An alternative that is a `$ref` has the path of what it refers to. */
function branchOf(error: ErrorObject, union: ErrorObject): number | undefined {
  if (error === union || !error.instancePath.startsWith(union.instancePath)) return undefined;
  const index = (union.schema as { $ref?: string }[]).findIndex(({ $ref }, i) =>
    [`${union.schemaPath}/${i}/`, ...($ref === undefined ? [] : [`${$ref}/`])].some((prefix) => error.schemaPath.startsWith(prefix)),
  );
  return index < 0 ? undefined : index;
}

/** Fields that exclude each other and are there: those that the fitting forms of a `oneOf` require, when that is all that they say. */
function rivalFields({ keyword, params, schema }: ErrorObject): string[] | undefined {
  const passing = keyword === "oneOf" ? (params["passingSchemas"] as number[] | null) : null;
  const forms = (passing ?? []).map((index) => (schema as { required?: string[] }[])[index] ?? {});
  if (forms.length < 2 || !forms.every((form) => Object.keys(form).join() === "required")) return undefined;
  return forms.map(({ required = [] }) => required.map((field) => JSON.stringify(field)).join(" with "));
}

/** Who misspelt a field does not need to hear that the right one is missing. */
function isConsequence({ kind, path, what }: Mistake, all: readonly Mistake[]): boolean {
  if (kind !== "missing") return false;
  const here = fieldName(path);
  const misspelt = all.filter((other) => other.kind === "unknown" && fieldName(other.path.slice(0, -1)) === here);
  return misspelt.some((other) => closest(other.what, other.known ?? []) === what);
}

function mistakeOf(error: ErrorObject): Mistake[] {
  const path = pathOf(error.instancePath);
  const { keyword, params, parentSchema = {} } = error;
  const { properties = {} } = parentSchema as { properties?: Record<string, unknown> };
  if (keyword === "additionalProperties") {
    return [unknownField([...path, String(params["additionalProperty"])], Object.keys(properties))];
  }
  if (keyword === "required") {
    const key = String(params["missingProperty"]);
    return [{ ...missingField(path, key), ...described(key, properties[key]) }];
  }
  // These only say that others failed, which say what.
  if (keyword === "if" || keyword === "propertyNames") return [];
  const what = wanted(error);
  if (error.propertyName !== undefined) {
    const message = `the name ${JSON.stringify(error.propertyName)} ${what}`;
    return [{ kind: "value", path: [...path, error.propertyName], part: "key", what, message }];
  }
  // A rule of a CRD is a sentence of its own.
  if (keyword === "rules") return [{ ...wrongValue(path, what, ""), message: `${fieldName(path)}: ${what}` }];
  const near =
    keyword === "enum" && typeof error.data === "string" ? closest(error.data, (error.schema as unknown[]).map(String)) : undefined;
  const help = near === undefined ? described(path.at(-1), parentSchema) : { help: `did you mean ${JSON.stringify(near)}?` };
  return [{ ...wrongValue(path, what, gotOf(error)), ...help }];
}

/** What the schema tells about a field. */
function described(field: string | number | undefined, schema: unknown): { help?: string } {
  const { description } = (schema ?? {}) as { description?: unknown };
  return typeof description === "string" && field !== undefined ? { help: `${field}: ${description}` } : {};
}

function gotOf({ keyword, data }: ErrorObject): string {
  if (keyword === "uniqueItems" || keyword === "atMostOneOf" || /^min(?:Length|Items|Properties)$/.test(keyword)) return "";
  return keyword === "maxItems" ? String((data as unknown[]).length) : shown(data);
}

/** `/sampling/rules/0` -> ["sampling", "rules", 0]; a name that looks like an index leads to the same place. */
function pathOf(pointer: string): Path {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => (/^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : step.replaceAll("~1", "/").replaceAll("~0", "~")));
}
