import { copyFile, mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inTemporaryFolder } from "../../../harness/provision/cache.ts";
import { isExecutable, reasonOf, which } from "../../../harness/provision/exec.ts";
import { type Found, type Machine, firstWords } from "./machine.ts";

export interface Prometheus extends Found {
  promtool: string;
}

const BINARIES = ["prometheus", "promtool"] as const;

/** Prometheus with its promtool from PATH or from the cache. Asks no network. */
export async function findPrometheus(machine: Machine): Promise<Prometheus | undefined> {
  const onPath = await which("prometheus", machine.env);
  const cached = join(machine.folder, "prometheus", "prometheus");
  for (const [path, source] of [
    [onPath, "PATH"],
    [cached, "cache"],
  ] as const) {
    if (path === undefined || !(await isExecutable(path))) continue;
    const promtool = join(dirname(path), "promtool");
    const version = /^prometheus, version (\S+)/m.exec((await firstWords(machine, path, "--version")) ?? "")?.[1];
    if (version !== undefined && (await isExecutable(promtool))) return { path, promtool, version, source };
  }
  return undefined;
}

/**
 * Takes Prometheus out of Debian's package, without installing it: the two programs need nothing else of it.
 * @returns why it cannot be had, as a sentence
 */
export async function installPrometheus(machine: Machine): Promise<string | undefined> {
  const { env, platform, folder, exec, progress } = machine;
  if (platform === "darwin") return "`brew install prometheus` brings it";
  for (const tool of ["apt-get", "dpkg-deb"]) {
    if ((await which(tool, env)) === undefined)
      return `there is no ${tool}: install prometheus as your system does it, so that it is on PATH with promtool`;
  }
  return inTemporaryFolder(folder, async (temporary) => {
    progress("downloading Prometheus with apt-get (about 20 MB)");
    const download = await exec("apt-get", ["-q", "download", "prometheus"], { env, cwd: temporary, timeout: 300_000 });
    const file = (await readdir(temporary)).find((name) => name.endsWith(".deb"));
    if (download.code !== 0 || file === undefined)
      return `apt-get download prometheus: ${reasonOf(download)}; \`apt-get update\` as root may help`;
    const unpacked = join(temporary, "unpacked");
    const unpack = await exec("dpkg-deb", ["-x", join(temporary, file), unpacked], { env, timeout: 60_000 });
    if (unpack.code !== 0) return `dpkg-deb: ${reasonOf(unpack)}`;
    const target = join(folder, "prometheus");
    await mkdir(target, { recursive: true });
    for (const name of BINARIES) {
      // Beside its place first, and in its place at once: another process may be looking.
      const aside = join(temporary, name);
      await copyFile(join(unpacked, "usr/bin", name), aside);
      await rename(aside, join(target, name));
    }
    return undefined;
  });
}
