import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { cacheDirectory, inTemporaryFolder } from "../provision/cache.ts";
import { exec } from "../provision/exec.ts";
import type { Provisioned } from "../provision/provision.ts";
import { loadConfig } from "./config-source.ts";
import { reasonIn, shortLine } from "./failure.ts";
import { tooling } from "./open.ts";
import type { ConfigObject } from "./types.ts";

/**
 * Asks Envoy whether it would take a complete bootstrap (`--mode validate`, about 0.1 s): it loads the wasm modules and runs their
 * configure, and opens no port. A file is given to Envoy as it is.
 *
 * @throws MeshscriptError MS0402 with Envoy's reason and its last lines, MS0406 when the configuration cannot be read.
 * @example
 * await validateConfig("envoy-configs/tracing.yaml");
 */
export async function validateConfig(
  config: string | URL | ConfigObject,
  options: { cwd?: string; env?: Record<string, string>; tools?: Provisioned } = {},
): Promise<void> {
  const tools = options.tools ?? (await tooling());
  const loaded = await loadConfig(config);
  await inTemporaryFolder(cacheDirectory(), async (folder) => {
    const path = loaded.file ?? join(folder, "envoy.json");
    if (loaded.file === undefined) await writeFile(path, JSON.stringify(loaded.config, null, 2));
    const { taken, lines, reason } = await askEnvoy(path, { ...options, tools });
    if (taken) return;
    const notes = ["the last lines of Envoy:", ...lines.slice(-30).map(shortLine)];
    const location = loaded.file === undefined ? {} : { location: { file: loaded.file } };
    throw new MeshscriptError(diagnostic("MS0402", `Envoy rejected the configuration: ${reason ?? "no reason"}`, { notes, ...location }));
  });
}

/** What Envoy says to a bootstrap. */
export interface Verdict {
  taken: boolean;
  /** Its log, without the list of its extensions. */
  lines: string[];
  /** Why not, in Envoy's words and on one line. */
  reason?: string;
}

/** The same for a file of whatever content, without an error: the whole verdict. */
export async function askEnvoy(
  path: string,
  { tools, cwd = process.cwd(), env }: { tools: Provisioned; cwd?: string; env?: Record<string, string> },
): Promise<Verdict> {
  return inTemporaryFolder(cacheDirectory(), async (folder) => {
    const args = ["--mode", "validate", "-l", "info", "-c", path];
    const result = await exec(tools.envoy.path, args, { cwd, env: { ...process.env, ...env }, outputIn: folder });
    const lines = result.stderr
      .split("\n")
      .filter((line) => line !== "" && !/\[main\] \[source\/server\/server\.cc:\d+\] {3}\S+: /.test(line));
    if (result.code === 0) return { taken: true, lines };
    const reason = result.failure ?? reasonIn(lines) ?? lines.at(-1);
    return { taken: false, lines, ...(reason === undefined ? {} : { reason }) };
  });
}
