// What the filters cost a request, without a clock: no value may be above bench/budgets.json, unless that changes in the same commit.
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { type Budgets, compare } from "../budgets/compare.ts";
import { scenarios } from "../budgets/scenarios.ts";
import { spend } from "../budgets/spend.ts";

const budgets = JSON.parse(await readFile(new URL("../budgets.json", import.meta.url), "utf8")) as Budgets;

test("the file has a budget for each scenario, and for no other", () => {
  const listed = Object.entries(budgets).flatMap(([filter, all]) => Object.keys(all).map((name) => `${filter}, ${name}`));
  expect(listed.sort()).toEqual(scenarios.map(({ filter, name }) => `${filter}, ${name}`).sort());
});

test.each(scenarios)("$filter, $name: a request costs no more than its budget", async (scenario) => {
  const { filter, name } = scenario;
  const budget = budgets[filter]?.[name];
  const { rises, falls } = compare(budget ? { [filter]: { [name]: budget } } : {}, { [filter]: { [name]: await spend(scenario) } });
  for (const fall of falls) console.log(`below its budget: ${fall}; \`npm run bench:budgets -- --write\` keeps it there`);

  expect(rises).toEqual([]);
});

describe("a change of the costs", () => {
  const spending = {
    hostCalls: { proxy_get_property: 2 },
    bytesToGuest: 100,
    bytesFromGuest: 10,
    hostAllocations: 2,
    heapAllocations: 1,
    instructions: 1_000,
    meanInstructions: 1_100,
  };
  const of = (change: Partial<typeof spending>): Budgets => ({ authz: { allow: { ...spending, ...change } } });

  test("is told by a line for each value, with the command that takes it over", () => {
    const spent = of({ hostCalls: { proxy_get_property: 1, proxy_log: 1 } as never, instructions: 1_001 });
    expect(compare(of({}), spent)).toEqual({
      rises: [
        "authz, allow: instructions 1000 -> 1001; if it must be: npm run bench:budgets -- --write",
        "authz, allow: proxy_log 0 -> 1; if it must be: npm run bench:budgets -- --write",
      ],
      falls: ["authz, allow: proxy_get_property 2 -> 1"],
    });
  });

  test("is none where nothing changed, and a rise from nothing for a new scenario", () => {
    expect(compare(of({}), of({}))).toEqual({ rises: [], falls: [] });
    expect(compare({}, of({})).rises).toHaveLength(7);
  });
});

describe("counting", () => {
  const [scenario] = scenarios;
  let twice: object[];
  beforeAll(async () => {
    twice = scenario ? [await spend(scenario), await spend(scenario)] : [];
  });

  test("gives the same numbers again", () => {
    expect(twice[1]).toEqual(twice[0]);
  });
});
