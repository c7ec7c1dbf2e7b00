import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { loadConfig } from "../../harness/envoy/config-source.ts";
import { type ConfigObject, cacheDirectory } from "../../harness/index.ts";
import type { Context } from "../command.ts";
import { usage } from "../parse.ts";
import { filterBootstrap } from "./bootstrap.ts";
import { type EnvoyFlags, envoyFlags } from "./envoy-flags.ts";
import { type ConfigSource, configSource, filterSpec, portNumber, upstreamAddress } from "./options.ts";

/** What shall run, from flags. */
export interface RunPlan {
  config: ConfigObject;
  /** The user's file. */
  file?: string;
  filters: readonly string[];
  /** Configurations of filters as the user wrote them, by the filter's name. */
  sources: ReadonlyMap<string, ConfigSource>;
  upstream?: string;
  runDir: string;
  envoy: Omit<EnvoyFlags, "config">;
  cleanUp(): Promise<void>;
}

/** @throws MeshscriptError MS0504 when flags do not go together, and what reading the configuration throws. */
export async function planOf({ flags, rest, io }: Context): Promise<RunPlan> {
  const { config: configAfterDashes, ...envoy } = envoyFlags(rest);
  const file = flags.text("config") ?? configAfterDashes;
  const filters = flags.texts("filter");
  if (file !== undefined && filters.length > 0)
    throw usage("MS0504", "--config is a whole configuration and cannot be combined with --filter");
  if (file === undefined && filters.length === 0) {
    throw usage("MS0504", "run needs --config or --filter", "write for example `meshscript run --filter tracing`");
  }
  for (const name of ["upstream", "port"]) {
    if (file !== undefined && flags.on(name)) throw usage("MS0504", `--${name} goes with --filter; with --config the file decides`);
  }
  const kept = flags.text("run-dir");
  const stamp = new Date().toISOString().replace(/[-:]/g, "").slice(0, 15);
  const runDir = kept === undefined ? join(cacheDirectory(io.env), "runs", `${stamp}-run-${process.pid}`) : resolve(io.cwd, kept);
  const cleanUp = async () => {
    if (kept === undefined) await rm(runDir, { recursive: true, force: true, maxRetries: 3 });
  };
  if (file !== undefined) {
    const path = resolve(io.cwd, file);
    const { config } = await loadConfig(path);
    return { config, file: path, filters: [], sources: new Map(), runDir, envoy, cleanUp };
  }
  const upstream = flags.text("upstream");
  const specs = filters.map((text) => filterSpec(text, io.cwd));
  const config = filterBootstrap({
    filters: specs,
    port: portNumber(flags.text("port") ?? "10000"),
    // Validation opens the file, and there is no run directory then.
    accessLog: flags.on("validate") ? "/dev/null" : join(runDir, "access.log"),
    ...(upstream === undefined ? {} : { upstream: upstreamAddress(upstream) }),
  });
  const sources = new Map<string, ConfigSource>();
  specs.forEach((spec, i) => {
    const source = configSource(filters[i] ?? "", spec);
    if (source) sources.set(spec.name, source);
  });
  return {
    config,
    filters: specs.map(({ name }) => name),
    sources,
    runDir,
    envoy,
    cleanUp,
    ...(upstream === undefined ? {} : { upstream }),
  };
}
