import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder, unwritable } from "../../diagnostics/index.ts";
import { cacheDirectory, packageRoot, sweepTemporaryFolders } from "./cache.ts";
import type { Context, Found } from "./context.ts";
import { type FoundEnvoy, findEnvoy } from "./envoy-binary.ts";
import { type Exec, exec } from "./exec.ts";
import { findFuncE } from "./func-e.ts";
import { patient } from "./patience.ts";

/** Used when no `.envoy-version` is found. */
export const ENVOY_VERSION = "1.40.0";

export interface ProvisionOptions {
  /** The environment that is looked at [process.env]. */
  env?: Record<string, string | undefined>;
  /** Where downloads go [MESHSCRIPT_CACHE, or `.cache/` at the package root]. */
  cache?: string;
  /** The version of Envoy [the nearest `.envoy-version` upwards from the working directory, then meshscript's own]. */
  version?: string;
  /** How commands are run; for tests. */
  exec?: Exec;
  /** Milliseconds since 1970; for tests. */
  now?: () => number;
  /** Where progress goes [one line each on stderr]. */
  progress?: (line: string) => void;
}

/** What there is to run. `notes` are sentences for a person, for example that Envoy runs without func-e. */
export interface Provisioned {
  funcE?: Found;
  envoy: FoundEnvoy;
  notes: string[];
}

/**
 * Finds or installs func-e and Envoy, without root and inside the cache. The first run may download; later ones cost milliseconds.
 *
 * @throws MeshscriptError MS0301 when there is no Envoy (with all that was tried and why each failed), MS0302 when `ENVOY_PATH` or
 *   `FUNC_E_PATH` names something that does not run, MS0304 when the cache cannot be written.
 * @example
 * const { envoy, funcE } = await provision();
 * console.log(envoy.version, envoy.source, funcE?.path ?? "without func-e");
 */
export async function provision(options: ProvisionOptions = {}): Promise<Provisioned> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? ((line) => process.stderr.write(`meshscript: ${line}\n`));
  const context: Context = {
    env,
    cache: options.cache ?? cacheDirectory(env),
    version: options.version ?? (await wantedVersion()),
    exec: patient(options.exec ?? exec, progress),
    now: options.now ?? Date.now,
    progress,
    tried: [],
    notes: [],
  };
  await makeFolder(context.cache, "cache");
  try {
    await sweepTemporaryFolders(context.cache);
    return await find(context);
  } catch (error) {
    throw unwritable(error, context.cache, "cache");
  }
}

async function find(context: Context): Promise<Provisioned> {
  const funcE = await findFuncE(context);
  if (funcE === undefined) context.notes.push("running Envoy directly, because there is no func-e", ...context.tried);
  const envoy = await findEnvoy(context, funcE);
  if (envoy.version !== context.version) {
    context.notes.push(`Envoy is ${envoy.version} from ${envoy.source}; meshscript is tested with ${context.version}`);
  }
  return { ...(funcE ? { funcE } : {}), envoy, notes: context.notes };
}

/** The version in the nearest `.envoy-version`, the file that func-e reads too. */
export async function wantedVersion(from: string = process.cwd()): Promise<string> {
  const folders: string[] = [];
  for (let folder = from; ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of [...folders, packageRoot()]) {
    const text = await readFile(join(folder, ".envoy-version"), "utf8").catch(() => "");
    if (text.trim() !== "") return text.trim();
  }
  return ENVOY_VERSION;
}
