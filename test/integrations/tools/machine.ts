import { join } from "node:path";
import { makeFolder } from "../../../diagnostics/index.ts";
import { cacheDirectory } from "../../../harness/provision/cache.ts";
import { type Exec, exec } from "../../../harness/provision/exec.ts";
import { patient } from "../../../harness/provision/patience.ts";

/** Where a tool is looked for and put; a test gives its own. */
export interface Machine {
  env: Record<string, string | undefined>;
  platform: NodeJS.Platform;
  /** The folder of these tools in meshscript's cache. */
  folder: string;
  exec: Exec;
  progress: (line: string) => void;
}

/** A tool that is there. */
export interface Found {
  path: string;
  version: string;
  /** In words for a person: "PATH", "cache". */
  source: string;
}

/** This machine, with the cache that func-e and Envoy are in. */
export async function thisMachine(options: Partial<Machine> = {}): Promise<Machine> {
  const { env = process.env, platform = process.platform, progress = (line) => process.stderr.write(`meshscript: ${line}\n`) } = options;
  const folder = options.folder ?? join(cacheDirectory(env), "integrations");
  await makeFolder(folder, "cache");
  return { env, platform, folder, progress, exec: patient(options.exec ?? exec, progress) };
}

/** What a command prints first, with what it prints on stderr; undefined when it does not run. */
export async function firstWords({ exec: run, env }: Machine, command: string, ...args: string[]): Promise<string | undefined> {
  const { code, stdout, stderr } = await run(command, args, { env, timeout: 20_000 });
  return code === 0 ? `${stdout}\n${stderr}`.trim() : undefined;
}
