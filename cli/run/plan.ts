import { join, resolve } from "node:path";
import { loadConfig } from "../../harness/envoy/config-source.ts";
import { type ConfigObject, cacheDirectory, httpFilter, newRunDirectory } from "../../harness/index.ts";
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
  /** Paths of the filters' modules. */
  modules: readonly string[];
  /** Configurations of filters as the user wrote them, by the filter's name. */
  sources: ReadonlyMap<string, ConfigSource>;
  upstream?: string;
  /** Where this run's files go; not made yet. */
  runDir: string;
  /** Nobody asked for that folder: it goes when the run is over. */
  temporary: boolean;
  envoy: Omit<EnvoyFlags, "config">;
}

const HELP = "`meshscript run --help` shows how it is called";

/** @throws MeshscriptError MS0504 when flags do not go together, and what reading the configuration throws. */
export async function planOf({ flags, rest, io }: Context): Promise<RunPlan> {
  const { config: configAfterDashes, ...envoy } = envoyFlags(rest);
  const file = flags.text("config") ?? configAfterDashes;
  const filters = flags.texts("filter");
  if (file !== undefined && filters.length > 0)
    throw usage("MS0504", "--config is a whole configuration and cannot be combined with --filter", HELP);
  if (file === undefined && filters.length === 0) {
    throw usage("MS0504", "run needs --config or --filter", "write for example `meshscript run --filter tracing`");
  }
  for (const name of ["upstream", "port"]) {
    if (file !== undefined && flags.on(name)) throw usage("MS0504", `--${name} goes with --filter; with --config the file decides`, HELP);
  }
  const kept = flags.text("run-dir");
  const temporary = kept === undefined;
  const runDir = temporary ? newRunDirectory(cacheDirectory(io.env)) : resolve(io.cwd, kept);
  if (file !== undefined) {
    const path = resolve(io.cwd, file);
    const { config } = await loadConfig(path);
    return { config, file: path, filters: [], modules: [], sources: new Map(), runDir, temporary, envoy };
  }
  const upstream = flags.text("upstream");
  const specs = filters.map((text) => filterSpec(text, io.cwd));
  const config = filterBootstrap({
    filters: specs.map((spec) => ({ name: spec.name, entry: httpFilter(spec) })),
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
    modules: specs.map(({ wasm }) => wasm),
    sources,
    runDir,
    temporary,
    envoy,
    ...(upstream === undefined ? {} : { upstream }),
  };
}
