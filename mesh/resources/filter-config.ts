import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ErrorObject } from "ajv";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { isObject } from "../../harness/envoy/builders.ts";
import { packageRoot } from "../../harness/provision/cache.ts";
import { mistakesOf } from "../../harness/schema/mistakes.ts";
import { OWN_FIELDS } from "../model/parts.ts";
import { judgeOf } from "./kinds.ts";
import type { Judged } from "./structure.ts";

const schemas = new Map<string, object>();

/** What a filter of ours would refuse of its configuration in a Filter: MS0914 at its place in the resource. Its structure must be right. */
export async function filterConfigMistakes({ value, at }: Judged): Promise<Diagnostic[]> {
  const { filter, config } = value["spec"] as { filter?: string; config?: unknown };
  if (filter === undefined || !isObject(config)) return [];
  const path = ["spec", "config"];
  const taken = (OWN_FIELDS[filter] ?? []).filter((field) => field in config);
  const own = taken.map((field) =>
    diagnostic("MS0914", `spec.config.${field} is not for a Filter to say: the mesh does`, {
      location: at([...path, field], "key"),
      help: "leave it out",
    }),
  );
  if (own.length > 0) return own;
  const schema = schemas.get(filter) ?? schemaOf(filter);
  schemas.set(filter, schema);
  const validate = await judgeOf(schema);
  // It writes defaults into what it judges.
  if (validate(structuredClone(config))) return [];
  return mistakesOf((validate.errors ?? []) as ErrorObject[]).map(({ path: steps, part, message, help }) =>
    diagnostic("MS0914", `${filter}: ${message}`, { location: at([...path, ...steps], part), ...(help === undefined ? {} : { help }) }),
  );
}

/** Without what must be there: the mesh may be the one to say it. */
function schemaOf(filter: string): object {
  const file = join(packageRoot(), "filters", filter, "config.schema.json");
  const { required = [], ...schema } = JSON.parse(readFileSync(file, "utf8")) as { required?: string[] };
  return { ...schema, required: required.filter((field) => !OWN_FIELDS[filter]?.includes(field)) };
}
