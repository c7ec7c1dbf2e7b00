import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder } from "../../diagnostics/index.ts";
import { isAlive } from "./owner.ts";

/**
 * The folder of meshscript's own package.json, found upwards from this module: sources lie in `harness/`, compiled files in
 * `dist/harness/`, and an installed package in `node_modules/meshscript/`.
 */
export function packageRoot(from: string = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && /"name"\s*:\s*"meshscript"/.test(readFileSync(manifest, "utf8"))) return folder;
    if (folder === dirname(folder)) return process.cwd();
  }
}

/**
 * Where downloads, builds of tools and run directories go: `MESHSCRIPT_CACHE` [`.cache/` of the checkout; of an installed package, whose
 * folder npm removes whenever it likes, `$XDG_CACHE_HOME/meshscript` or `~/.cache/meshscript`].
 */
export function cacheDirectory(env: Record<string, string | undefined> = process.env, root: string = packageRoot()): string {
  const chosen = env["MESHSCRIPT_CACHE"];
  if (chosen) return resolve(chosen);
  if (!root.split(sep).includes("node_modules")) return join(root, ".cache");
  const home = env["XDG_CACHE_HOME"];
  // A relative one is invalid and to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  return join(home !== undefined && isAbsolute(home) ? home : join(homedir(), ".cache"), "meshscript");
}

/** What was proven about a file, so that the proof is not repeated: valid as long as size and time of the file are the same. */
export interface Stamp {
  path: string;
  source: string;
  version: string;
  size: number;
  mtimeMs: number;
}

/** A remembered failure, so that a machine without network does not pay for the same attempt on every run. */
export interface FailureStamp {
  failed: string;
  at: number;
}

/** Small JSON files in the cache; each written to a temporary file and renamed, so that two processes never see half of one. */
export class Stamps {
  constructor(private readonly folder: string) {}

  async read(key: string): Promise<Stamp | FailureStamp | undefined> {
    try {
      return JSON.parse(await readFile(this.file(key), "utf8")) as Stamp | FailureStamp;
    } catch {
      return undefined;
    }
  }

  /** The stamp, if the file that it speaks of is still the same one. */
  async valid(key: string): Promise<Stamp | undefined> {
    const stamp = await this.read(key);
    if (stamp === undefined || "failed" in stamp) return undefined;
    const now = await stat(stamp.path).catch(() => undefined);
    return now !== undefined && now.size === stamp.size && now.mtimeMs === stamp.mtimeMs ? stamp : undefined;
  }

  async write(key: string, path: string, version: string, source: string): Promise<void> {
    const { size, mtimeMs } = await stat(path);
    await this.put(key, { path, source, version, size, mtimeMs });
  }

  async writeFailure(key: string, failed: string, at: number): Promise<void> {
    await this.put(key, { failed, at });
  }

  private async put(key: string, value: Stamp | FailureStamp): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await writeAtomically(this.file(key), `${JSON.stringify(value, null, 2)}\n`);
  }

  private file(key: string): string {
    return join(this.folder, `${key.replace(/[^\w.-]/g, "_")}.json`);
  }
}

/**
 * Writes beside the target and renames: readers see the old or the new file, never a part.
 * @param mode its permissions [those of any new file]
 */
export async function writeAtomically(path: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, content);
    if (mode !== undefined) await chmod(temporary, mode & 0o7777);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Removes the temporary folders of processes that are dead: killed ones could not do it themselves. */
export async function sweepTemporaryFolders(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = Number(/^tmp-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

/** Runs `work` in a fresh folder inside the cache, on the same file system as the target, and removes the folder afterwards. */
export async function inTemporaryFolder<T>(cache: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(cache, `tmp-${process.pid}-${randomBytes(6).toString("hex")}`);
  await makeFolder(cache, "cache");
  await mkdir(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
