// What each filter may cost a request, counted without a clock: prints it, beside the budget, and writes the file with --write.
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { packageRoot } from "../harness/provision/cache.ts";
import { type Budgets, compare } from "./budgets/compare.ts";
import { scenarios } from "./budgets/scenarios.ts";
import { spend } from "./budgets/spend.ts";

const file = `${packageRoot()}/bench/budgets.json`;
const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });

const spent: Budgets = {};
for (const scenario of scenarios) {
  const spending = await spend(scenario);
  spent[scenario.filter] = { ...spent[scenario.filter], [scenario.name]: spending };
  const { hostCalls, instructions, heapAllocations, hostAllocations } = spending;
  const calls = Object.values(hostCalls).reduce((sum, times) => sum + times, 0);
  console.log(
    `${`${scenario.filter}, ${scenario.name}`.padEnd(40)}${String(calls).padStart(4)} host calls, ${hostAllocations} of them allocate` +
      `${String(instructions).padStart(7)} instructions, ${heapAllocations} heap allocations`,
  );
}
const budgets = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Budgets;
const { rises, falls } = compare(budgets, spent);
for (const line of [...rises, ...falls.map((fall) => `${fall}; the file may follow`)]) console.log(line);
if (values.write) await writeFile(file, `${JSON.stringify(spent, undefined, 2)}\n`);
else if (rises.length > 0) process.exitCode = 1;
