import type { Mismatch } from "./expectations.ts";

/** Counters and gauges of modules by name, without `wasmcustom.`. */
export type Counters = ReadonlyMap<string, number>;

/**
 * What of the counters has not changed as expected. A name is the whole one, or its last words with or without `_total`:
 * `started` finds `meshscript_tracing_started_total` when nothing else ends so. Of a metric with labels, `per-user.refused` is the series
 * `wasm_filter.ratelimit.limit=.=per-user;.;meshscript_ratelimit_refused_total`, and `refused` all of them together.
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
    const metrics = new Set(found.map(withoutLabels));
    if (metrics.size > 1) return [{ path, expected: `one counter ${name}`, got: `several: ${found.sort().join(", ")}` }];
    const got = found.reduce((sum, one) => sum + (after.get(one) ?? 0) - (before.get(one) ?? 0), 0);
    const what = found.length === 1 ? counter : `${withoutLabels(counter)}, all ${found.length} together,`;
    return got === change ? [] : [{ path, expected: `${what} to change by ${change}`, got: String(got) }];
  });
}

/** The counters that a name may mean; those of which it is the whole metric go before those that end so. */
function named(name: string, all: readonly string[]): string[] {
  if (all.includes(name)) return [name];
  const ending = (mark: string) => all.filter((counter) => spellings(counter).some((text) => text === name || text.endsWith(mark + name)));
  const whole = ending(".");
  return whole.length > 0 ? whole : ending("_");
}

/**
 * With or without `_total`. Of Istio's form, `wasm_filter.FILTER.LABEL=.=VALUE;.;METRIC`, also the metric behind its labels' values, without the
 * filter's name in front of it: `VALUE.METRIC`.
 */
function spellings(counter: string): string[] {
  const filter = /^wasm_filter\.([^.]+)\./.exec(counter)?.[1]?.replaceAll("-", "_");
  const parts = counter.split(";.;").map((part) => part.split("=.=").at(-1) ?? "");
  const labelled = [...parts.slice(0, -1), parts.at(-1)?.replace(`meshscript_${filter}_`, "")].join(".");
  return [counter, labelled].flatMap((text) => [text, text.replace(/_total$/, "")]);
}

/** Series of one metric are the same without their labels' values. */
function withoutLabels(counter: string): string {
  return counter.replace(/=\.=.*?;\.;/g, "=.=*;.;");
}
