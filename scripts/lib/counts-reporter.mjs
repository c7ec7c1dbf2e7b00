// @ts-check
import { writeFileSync } from "node:fs";

/** Beside vitest's own reporter: leaves the numbers in the file that MESHSCRIPT_TEST_COUNTS names, for the last line of `npm test`. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountsReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    // Errors outside any test, at import for instance, count as failures: they are.
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        if (state === "passed") counts.passed++;
        else if (state === "skipped") counts.skipped++;
        else counts.failed++;
      }
      const suites = [module, ...module.children.allSuites()];
      counts.failed += suites.reduce((sum, suite) => sum + suite.errors().length, 0);
    }
    const file = process.env["MESHSCRIPT_TEST_COUNTS"];
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}
