import type { Path } from "./source.ts";

/** Lists of what decides, by their names in configurations. */
const LISTS = new Set(["rules", "limits", "policies", "faults"]);

/** A rule in a configuration: an element of such a list, or any element of a list that has a `when`. */
export interface Rule {
  /** Where it is in the configuration. */
  path: Path;
  /** Its name in the configuration, if it has one. */
  name?: string;
}

/** Every rule of a configuration, the rules within a rule after it. */
export function rulesOf(config: unknown, path: Path = []): Rule[] {
  if (Array.isArray(config)) {
    const listed = LISTS.has(String(path.at(-1)));
    return config.flatMap((item: unknown, i) => {
      const here = [...path, i];
      const rule = isObject(item) && (listed || "when" in item);
      const name = isObject(item) && typeof item["name"] === "string" ? { name: item["name"] } : {};
      return [...(rule ? [{ path: here, ...name }] : []), ...rulesOf(item, here)];
    });
  }
  if (!isObject(config)) return [];
  return Object.entries(config).flatMap(([key, value]) => rulesOf(value, [...path, key]));
}

/** A copy of a configuration without one of its rules. */
export function without(config: unknown, { path }: Rule): unknown {
  const copy: unknown = structuredClone(config);
  const parent = path.slice(0, -1).reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], copy);
  if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1);
  return copy;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
