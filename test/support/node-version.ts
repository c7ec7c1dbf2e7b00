import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../../harness/provision/cache.ts";

const run = promisify(execFile);

/** The program of another version of Node, from npm; undefined where npm has none for this machine. */
export async function nodeVersion(version: string): Promise<string | undefined> {
  if (process.versions.node.split(".")[0] === version.split(".")[0]) return process.execPath;
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = path.join(cacheDirectory(), `node-${version}`);
  const program = path.join(folder, "node_modules", name, "bin/node");
  if (existsSync(program)) return program;
  await mkdir(folder, { recursive: true });
  await run("npm", ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", `${name}@${version}`]).catch(() => undefined);
  return existsSync(program) ? program : undefined;
}
