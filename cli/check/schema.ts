import { readFileSync } from "node:fs";
import type { ErrorObject, ValidateFunction } from "ajv";
import { type Diagnostic, diagnostic, reasonOfErrno } from "../../diagnostics/index.ts";
import type { Path } from "../../harness/cases/source.ts";
import type { Mistake } from "../../harness/schema/mistake.ts";
import { mistakesOf } from "../../harness/schema/mistakes.ts";
import type { ConfigText } from "./config-text.ts";

/** A filter's config.schema.json. */
export interface Schema {
  filter: string;
  validate: ValidateFunction;
}

/**
 * @param shown the file's name in a finding
 * @returns MS0909 for what is no schema
 */
export async function loadSchema(filter: string, file: string, shown: string): Promise<Schema | Diagnostic> {
  // Only who has a schema pays for the compiler of schemas.
  const { Ajv } = await import("ajv");
  try {
    const text = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    // `format` is for editors: the module does not know it.
    const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, validateFormats: false, logger: false });
    return { filter, validate: ajv.compile(text) };
  } catch (error) {
    const why = reasonOfErrno(error) ?? (error instanceof Error ? error.message : String(error));
    return diagnostic("MS0909", `the schema of ${filter} cannot be used: ${why}`, { location: { file: shown } });
  }
}

/** A value, and the place of everything in it. */
type Located = Pick<ConfigText, "value" | "locate">;

/** A finding, and the path of what it is about. */
export interface SchemaFinding {
  path: Path;
  finding: Diagnostic;
}

/** Everything that the schema has against a configuration, each at its place. */
export function schemaFindings({ validate }: Schema, config: Located): SchemaFinding[] {
  if (validate(config.value)) return [];
  return mistakesOf((validate.errors ?? []) as ErrorObject[]).map((mistake) => ({
    path: mistake.path,
    finding: findingOf(mistake, config),
  }));
}

function findingOf({ path, part, message, help }: Mistake, config: Located): Diagnostic {
  // What is missing has no place: its object's name has, or the object when it is the whole.
  const location = part === "key" && path.length === 0 ? config.locate(path) : config.locate(path, part);
  return diagnostic("MS0901", message, { location, ...(help === undefined ? {} : { help }) });
}
