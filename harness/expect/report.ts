import { onTestFailed } from "vitest";
import type { Envoy } from "../envoy/envoy.ts";

/**
 * Prints the log, the access log and the counters of this Envoy when the running test fails, and only then; its run directory stays.
 * Call it inside a test or a beforeEach hook.
 * @example
 * const envoy = reportOnFailure(await openEnvoy({ filters }));
 */
export function reportOnFailure<T extends Pick<Envoy, "report" | "prepareReport" | "keep">>(envoy: T): T {
  envoy.prepareReport();
  onTestFailed(async () => {
    envoy.keep();
    process.stderr.write(`${await envoy.report()}\n`);
  });
  return envoy;
}
