import type { Path } from "../../harness/cases/source.ts";
import { isObject } from "../../harness/envoy/builders.ts";

/** A step of a pattern: a name, or `[]` and `{}` for each of a list and of a map. */
type Step = { readonly name: string } | "[]" | "{}";

/** `spec.servers[].labels["a.b/c"]` in steps. */
export function stepsOf(pattern: string): Step[] {
  return [...pattern.matchAll(/\["([^"]+)"\]|(\[\])|(\{\})|([^.[\]{}]+)/g)].map(([, quoted, list, map, name]) =>
    list ? "[]" : map ? "{}" : { name: quoted ?? name ?? "" },
  );
}

/** Something that a pattern means. */
export interface Use {
  readonly path: Path;
  readonly value: unknown;
}

/**
 * Every place in a value that a pattern means. A last `[]` or `{}` means the list or the map itself, once: who writes one is told of it, not of
 * each item.
 * @param absent Also where only the last name is missing
 */
export function usesOf(root: unknown, pattern: string, absent = false): Use[] {
  const steps = stepsOf(pattern);
  while (typeof steps.at(-1) === "string") steps.pop();
  return steps.reduce<Use[]>(
    (uses, step, i) => uses.flatMap((use) => next(use, step, absent && i === steps.length - 1)),
    [{ path: [], value: root }],
  );
}

function next({ path, value }: Use, step: Step, absent: boolean): Use[] {
  if (step === "[]") return Array.isArray(value) ? value.map((each: unknown, i) => ({ path: [...path, i], value: each })) : [];
  if (!isObject(value)) return [];
  if (step === "{}") return Object.entries(value).map(([name, each]) => ({ path: [...path, name], value: each }));
  // `tls:` with nothing behind it says nothing.
  const found = value[step.name] ?? undefined;
  return found === undefined && !absent ? [] : [{ path: [...path, step.name], value: found }];
}

/** `spec.servers[0].port`, as people read it. */
export function shownPath(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
      return i === 0 ? step : `.${step}`;
    })
    .join("");
}

/** Whether a pattern means a field of a schema, or something above it. */
export function isAtOrAbove(pattern: string, field: string): boolean {
  const bare = pattern.replace(/(\[\]|\{\})+$/, "");
  return field.startsWith(bare) && /^($|\.|\[\]|\{\})/.test(field.slice(bare.length));
}
