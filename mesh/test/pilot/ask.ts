/**
 * What Istio's Pilot would send to a proxy, as YAML for people to read.
 *
 *   node dist/mesh/test/pilot/ask.js all-to-v1 productpage-v1                 everything
 *   node dist/mesh/test/pilot/ask.js all-to-v1 productpage-v1 routes 9080     one resource, or several: names are prefixes
 *   node dist/mesh/test/pilot/ask.js ingress istio-ingressgateway.istio-system listeners
 *   node dist/mesh/test/pilot/ask.js ./mine.yaml client                       a file, which then has all resources
 *
 * The first word is a scene of mesh/test/pilot/cases, which comes behind BookInfo, or the path of a file. The proxy is the one of a
 * Deployment: workloads.ts says how. `npm run setup` compiles this command, and `npm run setup:integrations` builds Pilot.
 */
import { readFile } from "node:fs/promises";
import { stringify } from "yaml";
import { caseNames, readCase } from "./cases.ts";
import { type Config, openPilot } from "./pilot.ts";
import { workloadsOf } from "./workloads.ts";

const [scene, id, kind, prefix = ""] = process.argv.slice(2);
process.exitCode = await main().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));

async function main(): Promise<number> {
  if (scene === undefined || id === undefined)
    return fail(`usage: ask SCENE|FILE PROXY [clusters|listeners|routes|endpoints [NAME]]; scenes: ${(await caseNames()).join(", ")}`);
  const yaml = /[./]/.test(scene.replace(/^(\w[\w-]*)\.yaml$/, "$1"))
    ? await readFile(scene, "utf8")
    : await readCase(scene.replace(/\.yaml$/, ""));
  const pilot = await openPilot();
  if ("skipped" in pilot) return 1;
  await using asked = pilot;
  const { workloads, proxies } = workloadsOf(yaml);
  const proxy = proxies.find((one) => one.id === id || id.startsWith(`${one.id}.`));
  if (proxy === undefined) return fail(`there is no proxy ${id}; there are: ${proxies.map((one) => one.id).join(", ")}`);
  const answer = await asked.ask({ yaml, workloads, proxies: [{ ...proxy, id }] });
  if (answer.proxies === undefined) return fail(answer.error);
  for (const warning of answer.warnings ?? []) process.stderr.write(`warning: ${warning}\n`);
  const config = answer.proxies[id];
  const all = Object.entries(config ?? {}).filter(([name]) => kind === undefined || name === kind) as [keyof Config, Config["clusters"]][];
  const chosen = all.map(([name, list]) => [name, list.filter((one) => String(one["name"] ?? one["cluster_name"]).startsWith(prefix))]);
  process.stdout.write(stringify(Object.fromEntries(chosen), { aliasDuplicateObjects: false, lineWidth: 0 }));
  return 0;
}

function fail(reason: string): number {
  process.stderr.write(`${reason}\n`);
  return 1;
}
