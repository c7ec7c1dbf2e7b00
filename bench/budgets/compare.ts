import type { Spending } from "./spend.ts";

/** By filter and scenario. */
export type Budgets = Record<string, Record<string, Spending>>;

export interface Changes {
  /** A line for each value that is above its budget, or has none. */
  rises: string[];
  /** ... that is below. */
  falls: string[];
}

/** Rewrites the file. */
export const COMMAND = "npm run bench:budgets -- --write";

export function compare(budgets: Budgets, spent: Budgets): Changes {
  const changes: Changes = { rises: [], falls: [] };
  for (const filter of keysOf(budgets, spent)) {
    for (const scenario of keysOf(budgets[filter] ?? {}, spent[filter] ?? {})) {
      const [old, now] = [valuesOf(budgets[filter]?.[scenario]), valuesOf(spent[filter]?.[scenario])];
      for (const name of keysOf(Object.fromEntries(old), Object.fromEntries(now))) {
        const [before = 0, after = 0] = [old.get(name), now.get(name)];
        if (before === after) continue;
        const line = `${filter}, ${scenario}: ${name} ${before} -> ${after}`;
        if (after > before) changes.rises.push(`${line}; if it must be: ${COMMAND}`);
        else changes.falls.push(line);
      }
    }
  }
  return changes;
}

function valuesOf(spending: Spending | undefined): Map<string, number> {
  if (!spending) return new Map();
  const { hostCalls, ...others } = spending;
  return new Map([...Object.entries(others), ...Object.entries(hostCalls)]);
}

function keysOf(...objects: readonly object[]): string[] {
  return [...new Set(objects.flatMap((object) => Object.keys(object)))];
}
