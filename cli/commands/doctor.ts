import { exitCodes } from "../../diagnostics/index.ts";
import type { Command, Context } from "../command.ts";
import { type Category, renderCategory } from "../doctor/check.ts";
import { type Tools, envoyChecks } from "../doctor/envoy.ts";
import { moduleChecks } from "../doctor/modules.ts";
import { installerChecks, systemChecks } from "../doctor/system.ts";
import { seconds } from "../text.ts";
import { toolsFor } from "../tools.ts";

/** `meshscript doctor`: what is there, where, and whether it works. */
export const doctor: Command = {
  name: "doctor",
  summary: "check that everything meshscript needs is there and works",
  description: [
    "Looks at Node, the cache, func-e, Envoy and the modules in build/. Proves that this Envoy runs wasm by loading a minimal module, and that it serves by starting it once on loopback.",
    "func-e and Envoy are installed into the cache when they are missing, as every other command would do; nothing outside the cache changes.",
  ],
  flags: {
    output: {
      type: "string",
      short: "o",
      value: "FORMAT",
      choices: ["table", "json"],
      default: "table",
      description: "table or json; json is the same as --json",
    },
  },
  examples: [
    { title: "is this machine ready?", command: "meshscript doctor" },
    { title: "with another Envoy", command: "ENVOY_PATH=/usr/local/bin/envoy meshscript doctor" },
    { title: "for a script", command: "meshscript doctor -o json" },
  ],
  exits: { environment: "a check failed; warnings do not count" },
  async run(context) {
    const started = performance.now();
    const { json, print, say, printJson, color } = context;
    const categories: Category[] = [];
    for (const { name, checks } of start(context)) {
      const category = { categoryName: name, checks: await checks };
      categories.push(category);
      if (!json) print(renderCategory(category, color.stdout));
    }
    const all = categories.flatMap(({ checks }) => checks);
    const failed = all.filter(({ result }) => result === "error").length;
    const warned = all.filter(({ result }) => result === "warning").length;
    const passed = failed === 0;
    if (json) printJson({ success: passed, categories });
    else {
      const summary = [`${all.filter(({ result }) => result === "success").length} ok`];
      if (warned > 0) summary.push(`${warned} ${warned === 1 ? "warning" : "warnings"}`);
      if (failed > 0) summary.push(`${failed} failed`);
      say(`${summary.join(", ")} in ${seconds(performance.now() - started)}`);
    }
    return passed ? exitCodes.ok : exitCodes.environment;
  },
};

/** All at the same time; shown in this order as they come in. */
function start({ io, signal, say }: Context): { name: string; checks: Promise<Category["checks"]> }[] {
  const found = findTools(io, say);
  const list = [
    { name: "system", checks: systemChecks(io) },
    { name: "envoy", checks: found.then((tools) => envoyChecks(tools, io, signal)) },
    {
      name: "installers",
      checks: found.then((tools) => installerChecks(io, "tools" in tools, "tools" in tools && tools.tools.funcE !== undefined)),
    },
    { name: "modules", checks: moduleChecks(io.cwd) },
  ];
  // Awaited one after the other: a failure of a later one must not count as unhandled meanwhile.
  for (const { checks } of list) checks.catch(() => undefined);
  return list;
}

async function findTools(io: Context["io"], say: (text: string) => void): Promise<Tools> {
  try {
    return { tools: await toolsFor({ io, say }) };
  } catch (error) {
    return { error };
  }
}
