import { spawn } from "node:child_process";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { reasonOfErrno } from "../../diagnostics/index.ts";
import { groupIsAlive, guard, readyReaper, release } from "./reaper.ts";

/** What a command did. `code` is null when it could not be started or was killed after its time. */
export interface ExecResult {
  code: number | null;
  stdout: string;
  stderr: string;
  /** Why there is no exit code: not found, or timed out. */
  failure?: string;
}

export interface ExecOptions {
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** Milliseconds after which the command is killed [60000]. */
  timeout?: number;
  /**
   * Takes output through files in this folder: Node's pipes are sockets, which Linux does not let a program open by name, and Envoy opens
   * /dev/stdout that way for access logs [pipes].
   */
  outputIn?: string;
}

/** Runs a command without a shell. Injected into `provision()` by its tests. */
export type Exec = (command: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

/** Runs a command to its end; never rejects: a command that is missing or too slow comes back with `failure`. */
export const exec: Exec = (command, args, { env, cwd, timeout = 60_000, outputIn } = {}) =>
  new Promise((resolve) => {
    const files = outputIn === undefined ? [] : ["stdout", "stderr"].map((name) => join(outputIn, name));
    const descriptors = files.map((file) => openSync(file, "w"));
    readyReaper();
    const child = spawn(command, args, {
      env: env ?? process.env,
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ["ignore", descriptors[0] ?? "pipe", descriptors[1] ?? "pipe"],
      // A group of its own, so that a time-out also ends what the command started (pip and go start helpers). Ctrl-C does not reach such
      // a group: the reaper ends it when this process is gone.
      detached: true,
    });
    if (child.pid !== undefined) guard(child.pid);
    for (const descriptor of descriptors) closeSync(descriptor);
    let stdout = "";
    let stderr = "";
    let failure: string | undefined;
    const timer = setTimeout(() => {
      failure = `no result within ${timeout / 1000} s`;
      if (child.pid !== undefined) killGroup(child.pid);
    }, timeout);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ code: null, stdout, stderr, failure: reasonOfErrno(error) ?? error.message });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (child.pid !== undefined && !groupIsAlive(child.pid)) release(child.pid);
      if (files.length > 0) [stdout = "", stderr = ""] = files.map((file) => readFileSync(file, "utf8"));
      resolve({ code, stdout, stderr, ...(failure === undefined ? {} : { failure }) });
    });
  });

/** One line that says how a command failed: its last line of stderr, which is where tools put the reason. */
export function reasonOf(result: ExecResult): string {
  if (result.failure !== undefined) return result.failure;
  const lines = `${result.stdout}\n${result.stderr}`
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const error = lines.findLast((line) => /error|couldn't|cannot|no such|not found/i.test(line)) ?? lines.at(-1);
  return error ?? `exit code ${result.code}`;
}

/** The first executable of this name on PATH, or undefined. */
export async function which(name: string, env: Record<string, string | undefined>): Promise<string | undefined> {
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    if (folder === "") continue;
    const candidate = join(folder, name);
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

/** Whether this path can be executed by us. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}
