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
  const { envoy } = options.tools ?? (await tooling());
  const loaded = await loadConfig(config);
  await inTemporaryFolder(cacheDirectory(), async (folder) => {
    const path = loaded.file ?? join(folder, "envoy.json");
    if (loaded.file === undefined) await writeFile(path, JSON.stringify(loaded.config, null, 2));
    const result = await exec(envoy.path, ["--mode", "validate", "-l", "info", "-c", path], {
      cwd: options.cwd ?? process.cwd(),
      env: { ...process.env, ...options.env },
      outputIn: folder,
    });
    if (result.code === 0) return;
    const lines = result.stderr
      .split("\n")
      .filter((line) => line !== "" && !/\[main\] \[source\/server\/server\.cc:\d+\] {3}\S+: /.test(line));
    const reason = reasonIn(lines) ?? lines.at(-1);
    const notes = ["the last lines of Envoy:", ...lines.slice(-30).map(shortLine)];
    const location = loaded.file === undefined ? {} : { location: { file: loaded.file } };
    throw new MeshscriptError(
      diagnostic("MS0402", `Envoy rejected the configuration: ${result.failure ?? reason ?? "no reason"}`, { notes, ...location }),
    );
  });
}
