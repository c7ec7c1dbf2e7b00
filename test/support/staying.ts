import { type ChildProcess, spawn } from "node:child_process";
import { groupIsAlive, guard, readyReaper, release } from "../../harness/provision/reaper.ts";
import { Output, type OutputOptions } from "./output.ts";

/** A program that stays until it is stopped, and no longer than this process, whatever ends that. */
export class Staying {
  readonly output: Output;
  /** The exit code, when it has ended and all that it said is there. */
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcess;
  private over = false;

  constructor(command: string, args: readonly string[], { cwd, env, ...options }: { cwd: string; env: NodeJS.ProcessEnv } & OutputOptions) {
    this.output = new Output(options);
    readyReaper();
    // A process group of its own: Ctrl-C goes to all of it, and so does the reaper's TERM.
    this.child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const { pid } = this.child;
    if (pid !== undefined) guard(pid);
    for (const name of ["stdout", "stderr"] as const)
      this.child[name]?.setEncoding("utf8").on("data", (text: string) => this.output.add(name, text));
    this.ended = new Promise((resolve) => {
      const finish = (code: number | null) => {
        this.over = true;
        // The id of a group that is gone may be given to somebody else: the reaper must forget it.
        if (pid !== undefined && !groupIsAlive(pid)) release(pid);
        this.output.end();
        resolve(code);
      };
      this.child.once("close", finish);
      this.child.once("error", (error) => {
        this.output.add("stderr", `${error.message}\n`);
        finish(null);
      });
    });
  }

  /** Ctrl-C; the exit code. */
  stop(): Promise<number | null> {
    const { pid } = this.child;
    if (pid !== undefined && !this.over) process.kill(-pid, "SIGINT");
    return this.ended;
  }
}
