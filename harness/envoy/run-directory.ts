import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cacheDirectory } from "../provision/cache.ts";

const OLD_MS = 24 * 3_600_000;
let swept = false;

/** The folder of one Envoy: its configuration, its logs and what func-e writes. */
export interface RunDirectory {
  path: string;
  /** Removes it, unless the caller named it or something failed. */
  remove: () => Promise<void>;
  /** Keeps it after `remove()`, for a look afterwards. */
  keep: () => void;
}

/** Makes a fresh folder below the cache, or uses the given one. */
export async function openRunDirectory(given: string | undefined): Promise<RunDirectory> {
  const all = join(cacheDirectory(), "runs");
  const stamp = new Date().toISOString().replace(/[-:]/g, "").slice(0, 15);
  const path = given === undefined ? join(all, `${stamp}-${process.pid}-${randomBytes(3).toString("hex")}`) : resolve(given);
  await mkdir(path, { recursive: true });
  if (given === undefined && !swept) {
    swept = true;
    await sweep(all).catch(() => undefined);
  }
  let kept = given !== undefined;
  return {
    path,
    keep: () => {
      kept = true;
    },
    remove: async () => {
      if (!kept) await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Removes what failed runs left more than a day ago. */
async function sweep(all: string): Promise<void> {
  for (const name of await readdir(all)) {
    const path = join(all, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > OLD_MS) await rm(path, { recursive: true, force: true });
  }
}
