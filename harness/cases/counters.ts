import type { Mismatch } from "./expectations.ts";

/** Counters and gauges of modules by name, without `wasmcustom.`. */
export type Counters = ReadonlyMap<string, number>;

/**
 * What of the counters has not changed as expected. A name is the whole one, or its last words with or without `_total`:
 * `started` finds `meshscript_tracing_started_total` when nothing else ends so.
 */
export function checkCounters(before: Counters, after: Counters, expected: Readonly<Record<string, number>>): Mismatch[] {
  return Object.entries(expected).flatMap(([name, change]): Mismatch[] => {
    const found = named(name, [...after.keys()]);
    const path = ["stats", name];
    const [counter] = found;
    if (counter === undefined) {
      const all = [...after.keys()].sort().join(", ") || "none";
      return [{ path, expected: `a counter ${name}`, got: `none of that name; there are: ${all}` }];
    }
    if (found.length > 1) return [{ path, expected: `one counter ${name}`, got: `several: ${found.sort().join(", ")}` }];
    const got = (after.get(counter) ?? 0) - (before.get(counter) ?? 0);
    return got === change ? [] : [{ path, expected: `${counter} to change by ${change}`, got: String(got) }];
  });
}

function named(name: string, all: readonly string[]): string[] {
  if (all.includes(name)) return [name];
  return all.filter((counter) => {
    const stem = counter.replace(/_total$/, "");
    return [counter, stem].some((text) => text === name || text.endsWith(`_${name}`) || text.endsWith(`.${name}`));
  });
}
