import { isObject } from "../../harness/envoy/builders.ts";
import type { Kind } from "../resources/kinds.ts";

/** A field of a kind. */
export interface Field {
  /** `spec.http[].match[].headers{}.exact`: `[]` is an item of a list, `{}` a value of a map. */
  readonly path: string;
  /** Nothing is below it. */
  readonly leaf: boolean;
}

/** The parts of a JSON schema that say what fields there are. */
interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
}

/** All fields of a kind, those of all its versions together, in the schema's order: an object before what is in it. */
export function fieldsOf({ forms }: Kind): Field[] {
  const all = new Map<string, Field>();
  for (const { spec } of forms) for (const field of below("spec", spec)) all.set(field.path, field);
  return [...all.values()];
}

function below(path: string, { properties = {} }: Schema): Field[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const { at, inside } = innermost(`${path}.${name}`, schema);
    const fields = below(at, inside);
    return [{ path: at, leaf: fields.length === 0 }, ...fields];
  });
}

/** Through lists and maps to what is in them. */
function innermost(at: string, inside: Schema): { at: string; inside: Schema } {
  if (inside.items) return innermost(`${at}[]`, inside.items);
  if (isObject(inside.additionalProperties)) return innermost(`${at}{}`, inside.additionalProperties);
  return { at, inside };
}
