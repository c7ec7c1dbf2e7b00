import { createHash } from "node:crypto";
import { copyFile, mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { inTemporaryFolder, packageRoot } from "../../../harness/provision/cache.ts";
import { isExecutable, reasonOf, which } from "../../../harness/provision/exec.ts";
import type { Found, Machine } from "./machine.ts";

/** The program around Istio's Pilot that mesh/ is compared with. */
const SOURCE = join(packageRoot(), "mesh/test/pilot/tool");
/** All of Istio and Kubernetes is compiled: five minutes on two cores, and networks and laptops are slower. */
const BUILD_MS = 3_600_000;

/** Pilot from the cache, if it was built from the sources as they are now. Asks no network and builds nothing. */
export async function findPilot({ folder }: Machine): Promise<Found | undefined> {
  const source = await sources();
  const path = join(folder, "pilot", source.binary);
  return (await isExecutable(path)) ? { path, version: source.version, source: "cache" } : undefined;
}

/**
 * Builds it with Go, which brings Istio's sources from where this machine has its modules from.
 * @returns why it cannot be had, as a sentence
 */
export async function installPilot({ env, folder, exec, progress }: Machine): Promise<string | undefined> {
  const go = await which("go", env);
  if (go === undefined) return "there is no go on PATH: Go 1.26 or newer builds it";
  const { files, binary } = await sources();
  return inTemporaryFolder(folder, async (temporary) => {
    progress("building Pilot with go (about 5 minutes on two cores, 3 GB of sources and objects in Go's own caches)");
    // A copy, because go.sum is written beside go.mod. `-s -w`: nobody debugs it, and it is a third smaller.
    for (const file of files) await copyFile(join(SOURCE, file), join(temporary, file));
    const args = ["build", "-mod=mod", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "."];
    // A go.work above the cache would be about other modules.
    const result = await exec(go, args, { env: { ...env, GOWORK: "off" }, cwd: temporary, timeout: BUILD_MS });
    if (result.code !== 0) return `go build: ${reasonOf(result)}`;
    const target = join(folder, "pilot");
    await mkdir(target, { recursive: true });
    await rename(join(temporary, binary), join(target, binary));
    // 150 MB each: those of former sources are of no use to anybody.
    for (const name of await readdir(target)) if (name !== binary) await rm(join(target, name), { force: true });
    return undefined;
  });
}

/** Its name says what it was built from, so that a change of the sources asks for another one. */
async function sources(): Promise<{ files: string[]; binary: string; version: string }> {
  const files = (await readdir(SOURCE)).filter((name) => name === "go.mod" || name.endsWith(".go")).sort();
  const hash = createHash("sha256");
  let version = "unknown";
  for (const file of files) {
    const content = await readFile(join(SOURCE, file), "utf8");
    hash.update(`${file}\0${content}\0`);
    if (file === "go.mod") version = /istio\.io\/istio (\S+)/.exec(content)?.[1] ?? version;
  }
  return { files, binary: `pilot-${hash.digest("hex").slice(0, 16)}`, version };
}
