import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, createWriteStream, openSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { reasonOfErrno } from "../../diagnostics/index.ts";
import { funcEHomes } from "../provision/envoy-binary.ts";
import { exec } from "../provision/exec.ts";
import type { Provisioned } from "../provision/provision.ts";
import { groupIsAlive, guard, readyReaper, release } from "../provision/reaper.ts";
import { LogStream } from "./logs.ts";
import { poll, within } from "./wait.ts";

/** How long Envoy gets to end by itself before it is killed. */
const GRACE_MS = 3_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running Envoy, through func-e when there is one. func-e and Envoy form one process group. */
export class EnvoyProcess {
  readonly logs: LogStream;
  /** Resolves when the process that we started is gone and its output is read. */
  readonly ended: Promise<Ended>;
  /** Aborted when the process ends: cancels everything that waits for it. */
  readonly gone: AbortSignal;
  private readonly child: ChildProcess;
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly tools: Provisioned,
    runDir: string,
    args: readonly string[],
    options: { cwd: string; env: Record<string, string> },
  ) {
    this.logs = new LogStream(createWriteStream(join(runDir, "envoy.log")));
    // A file, not a pipe: Envoy opens /dev/stdout by name for access logs, which Linux refuses for the sockets that Node uses as pipes.
    const stdout = openSync(join(runDir, "stdout.log"), "a");
    const { funcE, envoy } = tools;
    const env = { ...process.env, ...options.env, ...funcEHomes(join(runDir, "func-e")), ENVOY_PATH: envoy.path, FUNC_E_RUN_ID: "run" };
    readyReaper();
    this.child = spawn(funcE?.path ?? envoy.path, funcE ? ["run", ...args] : args, {
      cwd: options.cwd,
      env,
      stdio: ["ignore", stdout, "pipe"],
      // A group of its own: Ctrl-C in the terminal reaches only us, and we stop Envoy in order.
      detached: true,
    });
    closeSync(stdout);
    if (this.child.pid !== undefined) guard(this.child.pid);
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => this.logs.push(text));
    const controller = new AbortController();
    this.gone = controller.signal;
    this.ended = new Promise((resolve) => {
      const finish = (code: number | null, signal: NodeJS.Signals | null) => {
        this.logs.end();
        controller.abort();
        // The id of a group that is gone may be given to somebody else: the reaper must forget it.
        if (this.child.pid !== undefined && !groupIsAlive(this.child.pid)) release(this.child.pid);
        resolve({ code, signal });
      };
      this.child.on("close", finish);
      this.child.on("error", (error) => {
        const reason = reasonOfErrno(error);
        this.logs.push(`${reason === undefined ? error.message : `${funcE?.path ?? envoy.path}: ${reason}`}\n`);
        finish(null, null);
      });
    });
  }

  /** True until the process has ended. */
  get running(): boolean {
    return !this.gone.aborted;
  }

  /** The process id of Envoy itself, not of func-e. */
  async envoyPid(): Promise<number | undefined> {
    const pid = this.child.pid;
    if (pid === undefined || !this.tools.funcE) return pid;
    return childOf(pid);
  }

  /** Ends Envoy in order, so that access logs are written; kills the whole group when that takes too long. Any number of calls. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    const group = this.child.pid;
    if (group === undefined) return;
    if (this.running) {
      // To Envoy, not to func-e: func-e answers TERM by killing Envoy at once, and what is in buffers would be lost.
      const envoy = await this.envoyPid();
      signal(envoy ?? -group, "SIGTERM");
      if ((await within(this.ended, GRACE_MS)) === undefined) signal(-group, "SIGKILL");
      await this.ended;
    }
    // func-e may be gone before Envoy is: wait for the group, not only for our child.
    const empty = () => (groupIsAlive(group) ? undefined : true);
    if ((await poll(empty, { timeout: GRACE_MS })) === undefined) {
      signal(-group, "SIGKILL");
      await poll(empty, { timeout: GRACE_MS });
    }
    release(group);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime.
  }
}

/** The first child of a process: from /proc on Linux, from ps elsewhere. */
async function childOf(pid: number): Promise<number | undefined> {
  if (process.platform === "linux") {
    // A Go program forks from any of its threads, and the kernel lists children by thread.
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const lists = await Promise.all(threads.map((id) => readFile(`/proc/${pid}/task/${id}/children`, "utf8").catch(() => "")));
    const first = Number.parseInt(lists.join(" ").trim(), 10);
    if (!Number.isNaN(first)) return first;
  }
  const { stdout } = await exec("ps", ["-A", "-o", "pid=,ppid="], { timeout: 5_000 });
  for (const line of stdout.split("\n")) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    if (parent === pid) return child;
  }
  return undefined;
}
