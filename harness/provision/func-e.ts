import { chmod, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { Stamps, inTemporaryFolder } from "./cache.ts";
import type { Context, Found } from "./context.ts";
import { isExecutable, reasonOf, which } from "./exec.ts";

/** The version that is built when the machine has no func-e; `ENVOY_PATH` needs 1.5.0. */
export const FUNC_E_VERSION = "1.6.0";
/** How long a failed `go install` is remembered: an hour, because networks come back. */
const RETRY_AFTER_MS = 3_600_000;

/**
 * func-e from `FUNC_E_PATH`, PATH, the cache, or built by `go install`. Undefined when there is none: Envoy is then run directly,
 * and `context.notes` says so. A `FUNC_E_PATH` that does not run is an error, because somebody asked for exactly that one.
 */
export async function findFuncE(context: Context): Promise<Found | undefined> {
  const { env, cache, tried } = context;
  const stamps = new Stamps(join(cache, "stamps"));
  const asked = env["FUNC_E_PATH"];
  if (asked) {
    if (!(await runs(context, stamps, asked, "FUNC_E_PATH"))) {
      throw new MeshscriptError(diagnostic("MS0302", `FUNC_E_PATH is ${JSON.stringify(asked)}, which does not run`, { notes: tried }));
    }
    return { path: asked, source: "FUNC_E_PATH" };
  }
  const onPath = await which("func-e", env);
  if (onPath === undefined) tried.push("func-e on PATH: not there");
  else if (await runs(context, stamps, onPath, "PATH")) return { path: onPath, source: "PATH" };

  const cached = join(cache, "bin", `func-e-${FUNC_E_VERSION}`);
  if (!(await isExecutable(cached))) {
    if (!(await goInstall(context, stamps, cached))) return undefined;
    if (await runs(context, stamps, cached, "go install")) return { path: cached, source: "go install" };
    return undefined;
  }
  return (await runs(context, stamps, cached, "cache")) ? { path: cached, source: "cache" } : undefined;
}

async function runs(context: Context, stamps: Stamps, path: string, source: string): Promise<boolean> {
  const key = `func-e-${path}`;
  const stamp = await stamps.valid(key);
  // `unknown` is from a time when any program was taken for func-e.
  if (stamp !== undefined && stamp.version !== "unknown") return true;
  // `--help` would ask the network for the newest Envoy; `--version` does not.
  const result = await context.exec(path, ["--version"], { env: { ...context.env, ENVOY_PATH: path }, timeout: 10_000 });
  if (result.code !== 0) {
    context.tried.push(`func-e from ${source} (${path}): ${reasonOf(result)}`);
    return false;
  }
  const version = /\bfunc-e version\s+(\S+)/.exec(result.stdout)?.[1];
  if (version === undefined) {
    context.tried.push(`func-e from ${source} (${path}): its --version is not a func-e's`);
    return false;
  }
  const [, minor] = /^1\.(\d+)\./.exec(version) ?? [];
  if (minor !== undefined && Number(minor) < 5) {
    context.tried.push(`func-e from ${source} (${path}): version ${version} does not know ENVOY_PATH; 1.5.0 or newer does`);
    return false;
  }
  await stamps.write(key, path, version, source);
  return true;
}

async function goInstall(context: Context, stamps: Stamps, target: string): Promise<boolean> {
  const { env, cache, tried, exec, progress } = context;
  const key = `go-install-func-e-${FUNC_E_VERSION}`;
  const go = await which("go", env);
  if (go === undefined) {
    tried.push("func-e through `go install`: no go on PATH");
    return false;
  }
  const before = await stamps.read(key);
  if (before !== undefined && "failed" in before && context.now() - before.at < RETRY_AFTER_MS) {
    tried.push(`${before.failed} (remembered)`);
    return false;
  }
  progress(`building func-e ${FUNC_E_VERSION} with go install`);
  return inTemporaryFolder(cache, async (folder) => {
    const result = await exec(go, ["install", `github.com/tetratelabs/func-e/cmd/func-e@v${FUNC_E_VERSION}`], {
      // GOFLAGS=-mod=mod: a vendoring setting of the user's must not reach this build.
      // Its temporary files go where they are swept up when it is killed.
      env: { ...env, GOBIN: folder, GOFLAGS: "-mod=mod", TMPDIR: folder, GOTMPDIR: folder },
      cwd: folder,
      timeout: 300_000,
    });
    const built = join(folder, "func-e");
    if (result.code !== 0 || !(await isExecutable(built))) {
      const failed = `func-e through \`go install\`: ${reasonOf(result)}`;
      tried.push(failed);
      await stamps.writeFailure(key, failed, context.now());
      return false;
    }
    await chmod(built, 0o755);
    await mkdir(dirname(target), { recursive: true });
    await rename(built, target);
    return true;
  });
}
