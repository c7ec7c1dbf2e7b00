import type { ErrorObject } from "ajv";

/** As the SDK's reader says it, so that the schema and the module speak alike. */
const kinds: Record<string, string> = {
  string: "a string",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  array: "an array",
  null: "null",
};

/** `must be a whole number`: what the schema wants of a value. */
export function wanted({ keyword, params, schema, parentSchema = {}, message = "is wrong" }: ErrorObject): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = parentSchema as Record<string, number | undefined>;
  const { patternErrorMessage, errorMessage } = parentSchema as { patternErrorMessage?: unknown; errorMessage?: unknown };
  switch (keyword) {
    case "type":
      return `must be ${[schema]
        .flat()
        .map((name) => kinds[String(name)] ?? String(name))
        .join(" or ")}`;
    case "enum":
      return `must be ${oneOf(schema as unknown[])}`;
    case "const":
      return `must be ${JSON.stringify(schema)}`;
    case "minimum":
    case "maximum":
      if (minimum !== undefined && maximum !== undefined) return `must be from ${minimum} to ${maximum}`;
      return minimum === undefined ? `must be ${maximum} or less` : `must be ${minimum} or more`;
    case "exclusiveMinimum":
      return `must be above ${exclusiveMinimum}`;
    case "exclusiveMaximum":
      return `must be below ${exclusiveMaximum}`;
    case "multipleOf":
      return `must be a multiple of ${String(schema)}`;
    case "minLength":
    case "minItems":
    case "minProperties":
      return schema === 1 ? "must not be empty" : `must have ${units(keyword, schema)} or more`;
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return `must have at most ${units(keyword, schema)}`;
    case "uniqueItems":
      return `must not have an entry twice (${String(params["j"])} and ${String(params["i"])} are the same)`;
    case "pattern":
      // A keyword of VS Code's, for people who read no regular expressions.
      return typeof patternErrorMessage === "string" ? patternErrorMessage : `must match ${String(schema)}`;
    default:
      // Another keyword of VS Code's, for what no words of ours fit: a field that must not be there.
      return typeof errorMessage === "string" ? errorMessage : message;
  }
}

function oneOf(choices: readonly unknown[]): string {
  const all = choices.map((choice) => JSON.stringify(choice));
  return all.length === 1 ? (all[0] ?? "") : `one of ${all.join(", ")}`;
}

function units(keyword: string, schema: unknown): string {
  const unit = keyword.endsWith("Length") ? "character" : keyword.endsWith("Items") ? "entry" : "field";
  const plural = unit === "entry" ? "entries" : `${unit}s`;
  return `${String(schema)} ${schema === 1 ? unit : plural}`;
}
