import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { onChange } from "./wait.ts";

/** One request as Envoy logged it: the fields of our own format, or of the configuration's; `text` for a line that is not JSON. */
export interface AccessLogEntry {
  [field: string]: unknown;
}

/** Entries of the access log so far: `access.log` in the run directory, then what a configuration logs to /dev/stdout. */
export function readAccessLog(runDir: string): AccessLogEntry[] {
  return ["access.log", "stdout.log"].flatMap((name) => {
    const path = join(runDir, name);
    if (!existsSync(path)) return [];
    const whole = readFileSync(path, "utf8").split("\n").slice(0, -1);
    // func-e's own first line.
    return whole.filter((line) => !line.startsWith("starting: ")).map(parseLine);
  });
}

function parseLine(line: string): AccessLogEntry {
  try {
    return JSON.parse(line) as AccessLogEntry;
  } catch {
    return { text: line };
  }
}

/**
 * Resolves when at least `count` entries are there. Envoy writes them when the stream is over, shortly after the client has its answer.
 *
 * @throws MeshscriptError MS0409 after `timeout` milliseconds.
 */
export async function waitForAccessLog(runDir: string, count: number, timeout: number): Promise<AccessLogEntry[]> {
  let sizes = "";
  const entries = await onChange(
    runDir,
    () => {
      const now = ["access.log", "stdout.log"].map((name) => statSync(join(runDir, name), { throwIfNoEntry: false })?.size ?? 0).join();
      if (now === sizes) return undefined;
      sizes = now;
      const all = readAccessLog(runDir);
      return all.length >= count ? all : undefined;
    },
    AbortSignal.timeout(timeout),
  );
  if (entries) return entries;
  const came = readAccessLog(runDir).length;
  throw new MeshscriptError(diagnostic("MS0409", `${came} entries in the access log within ${timeout} ms, ${count} were waited for`));
}
