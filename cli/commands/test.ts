import { spawn } from "node:child_process";
import { exitCodes } from "../../diagnostics/index.ts";
import { findFilters } from "../../modules/index.ts";
import type { Command } from "../command.ts";
import { bringUpToDate } from "../project/up-to-date.ts";
import { vitestProgram } from "../project/vitest.ts";
import { seconds } from "../text.ts";
import { toolsFor } from "../tools.ts";

/** `meshscript test`: builds what changed, then vitest. */
export const test: Command = {
  name: "test",
  summary: "build what changed, then run the tests with vitest",
  description: [
    "Every filter of the project whose sources differ from what its module was built from is built, Envoy is installed when it is missing, then the project's own vitest runs: all arguments are vitest's, `meshscript test -- --help` lists them. Without --watch it runs once.",
    "cases.yaml files run through a test file that calls runCases: docs/cases.md. MESHSCRIPT_HOSTS=host leaves Envoy out, MESHSCRIPT_HOSTS=envoy the in-process host.",
  ],
  passThrough: "vitest's arguments",
  flags: {},
  examples: [
    { title: "everything, on both hosts", command: "meshscript test" },
    { title: "some files, some names", command: 'meshscript test cases -t "refuses"' },
    { title: "milliseconds: the in-process host only", command: "MESHSCRIPT_HOSTS=host meshscript test" },
    { title: "a report for CI", command: "meshscript test --reporter=junit --outputFile=junit.xml" },
  ],
  exits: {
    test: "a test failed (vitest's own code)",
    data: "a filter does not compile or verify",
    environment: "vitest, the SDK or Envoy is missing",
  },
  async run({ rest, io, say, signal }) {
    const program = vitestProgram(io.cwd);
    for (const filter of await findFilters(io.cwd)) {
      const { built, took, warnings } = await bringUpToDate(filter, io.cwd);
      if (warnings !== "") say(warnings);
      if (built) say(`built build/${filter.name}.wasm in ${seconds(took)}`);
    }
    if (io.env["MESHSCRIPT_HOSTS"] !== "host") await toolsFor({ io, say });
    const watch = rest.some((argument) => /^(-w|--watch|watch|dev)$/.test(argument));
    const child = spawn(process.execPath, [program, ...(watch ? [] : ["run"]), ...rest], { cwd: io.cwd, stdio: "inherit", env: io.env });
    // Ctrl-C reaches vitest too, as one of the terminal's processes; another signal does not.
    const stop = () => child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    const code = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(exitCodes.internal));
      child.once("close", resolve);
    });
    return signal.aborted ? exitCodes.interrupted : (code ?? exitCodes.internal);
  },
};
