import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../diagnostics/index.ts";
import type { Address } from "../../harness/envoy/builders.ts";
import { ownedRunDirectories } from "../../harness/envoy/run-directory.ts";
import { writeAtomically } from "../../harness/provision/cache.ts";
import type { RunningMesh } from "./running-mesh.ts";

/**
 * How other processes of the machine find a mesh that `meshscript up` runs: a file `mesh.json` in its run directory, below the cache
 * (`cacheDirectory()/runs/*`). It is there from when the mesh serves until it stops, and is replaced in one step after each change. Whoever reads it
 * must expect the next moment to be different: `runningMeshes` leaves out, and removes, what a killed process has left.
 */
const FILE = "mesh.json";

/** What a mesh tells of itself. */
export interface MeshState {
  /** The process of `up`. */
  readonly pid: number;
  /** Where configurations and logs are. */
  readonly runDir: string;
  /** What `-f` named: files and folders, absolute. */
  readonly paths: readonly string[];
  /** In the order of their ids. */
  readonly proxies: readonly ProxyState[];
  /** The last change, the start being the first. */
  readonly change: ChangeState;
}

export interface ProxyState {
  /** `reviews-v1.default` */
  readonly id: string;
  readonly type: "gateway" | "sidecar";
  readonly labels: Readonly<Record<string, string>>;
  /** Of Envoy's admin interface. */
  readonly admin: Address;
  /** Where it accepts connections, by the name of the listener. */
  readonly listeners: Readonly<Record<string, Address>>;
}

/** What became of a change. */
export interface ChangeState {
  /** 1 for the start, and one more for each change, also for one that was refused. */
  readonly generation: number;
  /** False: it was refused, and the mesh goes on as it was before. */
  readonly ok: boolean;
  /** Why it was refused; otherwise empty. */
  readonly errors: readonly Diagnostic[];
  /** When that was known: ISO 8601. */
  readonly at: string;
  /** The files that were read, absolute, each with the SHA-256 of what was in it just before that. */
  readonly files: Readonly<Record<string, string>>;
}

/** Of a mesh at this moment. */
export function stateOf(mesh: RunningMesh, paths: readonly string[], change: ChangeState): MeshState {
  const proxies = [...mesh.configuration.proxies.values()].map(({ workload: { id, type, labels } }): ProxyState => {
    const envoy = mesh.envoy(id);
    return { id, type, labels, admin: envoy.adminAddress, listeners: Object.fromEntries(envoy.listening) };
  });
  return { pid: process.pid, runDir: mesh.runDir, paths, proxies, change };
}

export const writeState = (state: MeshState): Promise<void> =>
  writeAtomically(join(state.runDir, FILE), `${JSON.stringify(state, null, 1)}\n`);

export const removeState = (runDir: string): Promise<void> => rm(join(runDir, FILE), { force: true });

/** Undefined when the mesh has ended. */
export function readState(runDir: string): MeshState | undefined {
  try {
    return JSON.parse(readFileSync(join(runDir, FILE), "utf8")) as MeshState;
  } catch {
    return undefined;
  }
}

/** All meshes that run on this machine with this cache, the older first. @param cache [that of this process] */
export async function runningMeshes(cache?: string): Promise<MeshState[]> {
  const directories = await ownedRunDirectories(cache);
  const dead = directories.filter(({ owner }) => owner === "dead");
  await Promise.all(dead.map(({ path }) => removeState(path)));
  const alive = directories.filter(({ owner }) => owner === "alive").map(({ path }) => path);
  return alive.sort().flatMap((path) => readState(path) ?? []);
}

/** The SHA-256 of each file that can be read. */
export async function sumsOf(files: readonly string[]): Promise<Record<string, string>> {
  const all = await Promise.all(files.map(async (file) => [file, await readFile(file).then(sumOf, () => undefined)] as const));
  return Object.fromEntries(all.flatMap(([file, sum]) => (sum === undefined ? [] : [[file, sum]])));
}

export const sumOf = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");
