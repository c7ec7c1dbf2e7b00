// @ts-check
/**
 * `npm run setup:integrations`: the real tools that test/integrations and mesh/test/pilot talk to, into the cache, without root. Optional:
 * without them those tests are skipped. A line for each tool on stdout, and exit code 1 when one is missing.
 */
import { load } from "./lib/dist.mjs";
import { failWith } from "./lib/report.mjs";
import { setup } from "./setup.mjs";

await setup({ upTo: "dist" }).catch(failWith);
const { installTools } = await load("test/integrations/tools/index");
const { lines, ok } = await installTools().catch(failWith);
for (const line of lines) console.log(line);
process.exitCode = ok ? 0 : 1;
