import { rename } from "node:fs/promises";
import { join } from "node:path";
import { type Diagnostic, diagnostic } from "../../diagnostics/index.ts";
import { shortLine } from "../../harness/envoy/failure.ts";
import type { Envoy } from "../../harness/index.ts";

const LINES = 12;
/** How func-e, whose exit code it is then, tells of a signal. */
const SIGNAL = /^signal: /;

/** What is known of an Envoy that has ended by itself; nobody knows yet whose fault it was. The log gets a name that the next one does not take. */
export async function endedByItself(envoy: Envoy, attempt: number): Promise<Diagnostic> {
  const { code, signal } = await envoy.ended;
  const log = join(envoy.runDir, `envoy.${attempt}.log`);
  await rename(join(envoy.runDir, "envoy.log"), log).catch(() => undefined);
  const told = envoy.logs().other.findLast((line) => SIGNAL.test(line));
  const how = signal ? `signal ${signal}` : (told ?? `exit code ${code}`);
  return diagnostic("MS0405", `Envoy ended by itself: ${how}`, {
    notes: ["the last lines of the log:", ...envoy.logTail(LINES).map(shortLine), `whole log: ${log}`],
    help: "the last lines of the log say why, if Envoy had the time to; somebody's `kill` and the out-of-memory killer leave no word",
  });
}
