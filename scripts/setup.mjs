// @ts-check
/**
 * Makes a fresh clone ready: npm packages, compiled TypeScript, wasm modules, func-e and Envoy. Needs Node and npm, nothing installed. Each
 * step is skipped when its inputs are what they were (by content). Progress goes to stderr.
 */
import { pathToFileURL } from "node:url";
import { dependencies } from "./lib/dependencies.mjs";
import { dist, hasCompiled, load } from "./lib/dist.mjs";
import { root } from "./lib/files.mjs";
import { withLock } from "./lib/lock.mjs";
import { failWith } from "./lib/report.mjs";
import { wasm } from "./lib/wasm.mjs";

const order = /** @type {const} */ (["dependencies", "dist", "modules", "envoy"]);
const steps = { dependencies, dist, modules: wasm };

/**
 * @param {{ upTo?: typeof order[number] }} [options] the last step wanted [envoy: everything]
 */
export async function setup({ upTo = "envoy" } = {}) {
  const last = order.indexOf(upTo);
  if (last < 0) throw new Error(`upTo: ${order.join(", ")}`);
  for (const name of order.slice(0, last + 1)) {
    if (name === "envoy") await envoy();
    // Looked at twice, since another process may have done the work while this one waited.
    else if (!steps[name].isCurrent()) await withLock(async () => (steps[name].isCurrent() ? undefined : make(steps[name])));
  }
}

/** @param {{ title: string, make(): Promise<void> }} step */
async function make(step) {
  const started = performance.now();
  process.stderr.write(`meshscript: ${step.title} ...\n`);
  await step.make();
  process.stderr.write(`meshscript: ${step.title} done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Provisioning keeps its own record of what it found, and says itself what it does. */
async function envoy() {
  if (!hasCompiled("harness/provision/index")) return;
  const { provision, wantedVersion } = await load("harness/provision/index");
  await provision({ version: await wantedVersion(root) });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const upTo = process.argv.find((argument) => argument.startsWith("--up-to="))?.slice("--up-to=".length);
  await setup(upTo ? { upTo: /** @type {typeof order[number]} */ (upTo) } : {}).catch(failWith);
}
