import { closest } from "../../modules/verify/closest.ts";
import { fieldName } from "../cases/findings.ts";
import type { Path } from "../cases/source.ts";

/** One thing that a schema has against a value, before it has a place in a file. */
export interface Mistake {
  kind: "unknown" | "missing" | "value";
  path: Path;
  /** Which part of the path's field to mark. */
  part: "key" | "value";
  message: string;
  /** What must be, for `value`; which field, for the others. */
  what: string;
  /** The fields that there are, for `unknown`. */
  known?: readonly string[];
  help?: string;
}

export function unknownField(path: Path, known: readonly string[]): Mistake {
  const key = String(path.at(-1));
  const where = fieldName(path.slice(0, -1));
  const near = closest(key, known);
  const hint = near === undefined ? "" : `, did you mean ${JSON.stringify(near)}?`;
  const message = `${where === "" ? "" : `${where}: `}unknown field ${JSON.stringify(key)}${hint}`;
  const help = known.length === 0 ? "remove it: there are no fields here" : `the fields are: ${known.join(", ")}`;
  return { kind: "unknown", path, part: "key", what: key, message, known, help };
}

/** @param path of the object that has no such field */
export function missingField(path: Path, key: string): Mistake {
  return { kind: "missing", path, part: "key", what: key, message: `${fieldName([...path, key])} is missing` };
}

/** @param got what is there instead, in words; "" when `what` says it already */
export function wrongValue(path: Path, what: string, got: string): Mistake {
  const name = fieldName(path);
  const message = `${name === "" ? "the configuration" : name} ${what}${got === "" ? "" : `, got ${got}`}`;
  return { kind: "value", path, part: "value", what, message };
}

/** The value as it can stand in a message: what is large, or could hold a secret somewhere inside, by its kind only. */
export function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
