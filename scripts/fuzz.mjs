// @ts-check
/** `npm run fuzz [-- seconds]`: each target of test/fuzz for so long [3600], with a seed of its own. What fails is kept in .cache/fuzz. */
import { vitest } from "./lib/vitest.mjs";
import { setup } from "./setup.mjs";

const seconds = Number(process.argv[2] ?? 3_600);
if (!(seconds > 0)) {
  console.error("usage: npm run fuzz [-- SECONDS]");
  process.exit(64);
}
await setup({ upTo: "dist" });
const { failed } = await vitest(["test/fuzz"], { MESHSCRIPT_FUZZ_SECONDS: String(seconds) });
process.exitCode = failed > 0 ? 1 : 0;
