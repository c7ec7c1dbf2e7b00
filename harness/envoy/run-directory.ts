import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { readFile, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { makeFolder } from "../../diagnostics/index.ts";
import { cacheDirectory } from "../provision/cache.ts";
import { ownerState, ownerText } from "../provision/owner.ts";

const OLD_MS = 24 * 3_600_000;
/** In a folder that is in use: whose it is. A process that ends in order takes it out; what a killed one leaves tells nobody anything. */
const OWNER = "owner.json";
/** Folders of run directories that this process has swept: once is enough. */
const swept = new Set<string>();

/** The folder of one Envoy: its configuration, its logs and what func-e writes. */
export interface RunDirectory {
  path: string;
  /** Removes it, unless the caller named it or something failed. */
  remove: () => Promise<void>;
  /** Keeps it after `remove()`, for a look afterwards. */
  keep: () => void;
}

/** The run directories below the cache of processes that are there, and of those that were killed; not those of other machines. */
export async function ownedRunDirectories(cache: string = cacheDirectory()): Promise<{ path: string; owner: "alive" | "dead" }[]> {
  const all = join(cache, "runs");
  const found = await Promise.all(
    (await readdir(all).catch(() => [])).map(async (name) => ({ path: join(all, name), owner: await ownerOf(join(all, name)) })),
  );
  return found.flatMap(({ path, owner }) => (owner === "unknown" ? [] : [{ path, owner }]));
}

const ownerOf = async (path: string) => ownerState(await readFile(join(path, OWNER), "utf8").catch(() => ""));

/** A name that no other run has, below the cache: `runs/20261122T145950-PID-abcdef`. Makes nothing. */
export function newRunDirectory(cache: string = cacheDirectory()): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, "").slice(0, 15);
  return join(cache, "runs", `${stamp}-${process.pid}-${randomBytes(3).toString("hex")}`);
}

/**
 * Makes a fresh folder below the cache, or uses the given one.
 *
 * @param options.temporary the given one is from `newRunDirectory` and treated as if none had been given.
 * @throws MeshscriptError MS0304 when it cannot be written.
 */
export async function openRunDirectory(given: string | undefined, options: { temporary?: boolean } = {}): Promise<RunDirectory> {
  const temporary = given === undefined || options.temporary === true;
  const path = given === undefined ? newRunDirectory() : resolve(given);
  if (temporary) await makeFolder(resolve(path, "../.."), "cache");
  await makeFolder(path, temporary ? "cache" : "run directory");
  const all = dirname(path);
  if (temporary && !swept.has(all)) {
    swept.add(all);
    await sweep(all).catch(() => undefined);
  }
  if (temporary) own(join(path, OWNER));
  let kept = !temporary;
  return {
    path,
    keep: () => {
      kept = true;
    },
    remove: async () => {
      if (kept) return;
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
      owned.delete(join(path, OWNER));
    },
  };
}

/** Marks of this process, as long as their folders are there. */
const owned = new Set<string>();

let watching = false;

function own(mark: string): void {
  if (!watching) process.once("exit", disown);
  watching = true;
  owned.add(mark);
  writeFileSync(mark, ownerText());
}

function disown(): void {
  for (const mark of owned) rmSync(mark, { force: true });
}

/** Removes what failed runs left more than a day ago, and what processes that were killed left at all; nothing of one that lives. */
async function sweep(all: string): Promise<void> {
  for (const name of await readdir(all)) {
    const path = join(all, name);
    // Another process sweeps at the same time: what is gone is gone.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    const owner = await ownerOf(path);
    if (owner === "alive") continue;
    if (owner === "dead" || Date.now() - mtimeMs > OLD_MS) await rm(path, { recursive: true, force: true });
  }
}
