// What each filter and the whole chain costs a request, beside Envoy's own filters, the same logic in Rust and an empty module.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { BARE, allArms } from "./arms/arms.ts";
import { features } from "./arms/features.ts";
import { buildModules } from "./arms/modules.ts";
import { type Plan, measure } from "./run/measure.ts";
import { printed, reportOf } from "./run/report.ts";
import { Costs } from "./statistics/costs.ts";

const SEED = 11;
const FULL: Plan = { rounds: 100, requests: 600, warmUp: 6_000, seed: SEED };
/** About a minute; the intervals are wider. */
const QUICK: Plan = { rounds: 30, requests: 300, warmUp: 2_500, seed: SEED };

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    /** Of arms, by the beginning of their names, with commas between. */
    arms: { type: "string" },
    rounds: { type: "string" },
    /** Judges the rounds of such a file again, and measures nothing. */
    from: { type: "string" },
    out: { type: "string", default: ".cache/bench/chain.json" },
  },
});

async function main(): Promise<void> {
  if (values.from) {
    const { plan, rounds } = JSON.parse(await readFile(values.from, "utf8")) as { plan: Plan; rounds: Record<string, number[]> };
    return tell(plan, new Map(Object.entries(rounds)));
  }
  const modules = await buildModules(features.map(({ name }) => name));
  if ("missing" in modules.rust) console.error(`without the Rust SDK's arms: ${modules.rust.missing}`);
  const wanted = values.arms?.split(",");
  const arms = allArms(modules).filter(
    ({ name }) => name === BARE || (wanted ? wanted.some((start) => name.startsWith(start)) : !values.quick || !isSecondary(name)),
  );
  const plan = { ...(values.quick ? QUICK : FULL), ...(values.rounds ? { rounds: Number(values.rounds) } : {}) };
  const rounds = await measure(arms, plan, (line) => process.stderr.isTTY && process.stderr.write(`\r${line}  `));
  await tell(plan, rounds);
}

async function tell(plan: Plan, rounds: ReadonlyMap<string, number[]>): Promise<void> {
  const report = reportOf(new Costs(rounds, BARE), [...rounds.keys()]);
  console.log(`\n${plan.rounds} rounds of ${plan.requests} requests an arm, in random order; medians with 95 % intervals\n`);
  console.log(printed(report));
  await mkdir(path.dirname(values.out), { recursive: true });
  await writeFile(values.out, `${JSON.stringify({ plan, ...report, rounds: Object.fromEntries(rounds) }, undefined, 2)}\n`);
}

/** What a quick run leaves out. */
function isSecondary(name: string): boolean {
  return name.startsWith("calibrator/");
}

await main();
