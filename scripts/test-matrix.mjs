// @ts-check
/**
 * `npm run test:matrix [-- version ...] [--allow-missing]`: what the SDK and the filters promise, on each version of Envoy. Ends with
 * 1 when a test failed, and when a version could not be installed unless that is allowed.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { load } from "./lib/dist.mjs";
import { filesBelow, root } from "./lib/files.mjs";
import { KnownError } from "./lib/known-error.mjs";
import { failWith, printError } from "./lib/report.mjs";
import { vitest } from "./lib/vitest.mjs";
import { setup } from "./setup.mjs";

/** One of each minor version that filters are to run on. */
const supported = ["1.36.4", "1.37.0", "1.38.2", "1.39.3", "1.40.0"];

/** What older versions do not have: `vm_config.capability_restriction_config` came with 1.40. */
const since = [{ minor: 40, file: "filters/ratelimit/test/capabilities.test.ts" }];

/** Tests that know no Envoy say the same on each: only files that open one. @param {string} version */
function filesFor(version) {
  const minor = Number(version.split(".")[1]);
  const missing = new Set(since.filter((one) => minor < one.minor).map(({ file }) => file));
  const opensEnvoy = (/** @type {string} */ file) =>
    file.endsWith(".test.ts") && /\b(openEnvoy|onBothHosts|runCases)\(/.test(readFileSync(path.join(root, file), "utf8"));
  return ["sdk", "policy", "filters"].flatMap((folder) => filesBelow(folder, opensEnvoy)).filter((file) => !missing.has(file));
}

/** @param {string} version @returns {Promise<{ path: string, source: string } | undefined>} undefined when it cannot be had, which stderr then explains */
async function install(version) {
  const { provision } = await load("harness/provision/index");
  try {
    // Somebody's own Envoy is one version, and this is about all.
    return (await provision({ version, env: { ...process.env, ENVOY_PATH: undefined } })).envoy;
  } catch (error) {
    await printError(error);
    return undefined;
  }
}

const { values, positionals } = await readArguments();
await setup({ upTo: "dist" }).catch(failWith);
/** @type {string[]} */
const table = [];
let [ran, bad] = [0, 0];
for (const version of positionals.length > 0 ? positionals : supported) {
  const envoy = await install(version);
  if (!envoy) {
    table.push(`${version.padEnd(12)}   not installed`);
    if (!values["allow-missing"]) bad++;
    continue;
  }
  console.log(`\nEnvoy ${version} (${envoy.source})`);
  const { passed, failed, skipped, interrupted } = await vitest(filesFor(version), { ENVOY_PATH: envoy.path, MESHSCRIPT_HOSTS: "envoy" });
  table.push(version.padEnd(12) + [passed, failed, skipped].map((count) => String(count).padStart(8)).join(""));
  ran++;
  if (failed > 0) bad++;
  if (interrupted) break;
}
console.log(`${"Envoy".padEnd(12)}  passed  failed skipped\n${table.join("\n")}`);
process.exitCode = bad > 0 || ran === 0 ? 1 : 0;

async function readArguments() {
  const usage = "usage: npm run test:matrix -- [version ...] [--allow-missing]";
  try {
    const read = parseArgs({ allowPositionals: true, options: { "allow-missing": { type: "boolean", default: false } } });
    const strange = read.positionals.filter((version) => !/^\d+\.\d+\.\d+$/.test(version));
    if (strange.length > 0) return failWith(new KnownError(`no version of Envoy: ${strange.join(", ")}; ${usage}`, 64));
    return read;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    return failWith(new KnownError(`${reason}; ${usage}`, 64));
  }
}
