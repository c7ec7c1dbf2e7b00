// @ts-check
/** `npm test [-- path ...]`: set-up, checks, all tests, real Envoy included. The last line counts; checks count as tests. */
import { printError } from "./lib/report.mjs";
import { vitest } from "./lib/vitest.mjs";
import { setup } from "./setup.mjs";

await setup().catch(async (error) => {
  const code = await printError(error);
  console.log("0 passed, 1 failed, 0 skipped");
  process.exit(code);
});
const { check } = await import("./check.mjs");
const checks = await check();
const tests = await vitest(process.argv.slice(2));
const failed = checks.failed + tests.failed;
console.log(`${checks.passed + tests.passed} passed, ${failed} failed, ${tests.skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
