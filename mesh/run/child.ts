import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { within } from "../../harness/envoy/wait.ts";
import { groupIsAlive, guard, readyReaper, release } from "../../harness/provision/reaper.ts";

/** How long it gets to end by itself. */
const GRACE_MS = 3_000;

export interface ChildOptions {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The file that its output is added to. */
  log: string;
}

/** A command of the user's that the shell runs. */
export class Child {
  /** How it ended: `exit code 1`. Never rejects. */
  readonly ended: Promise<string>;
  private readonly pid: number | undefined;

  constructor(command: string, { cwd, env, log }: ChildOptions) {
    readyReaper();
    // A group of its own: Ctrl-C in the terminal reaches only us, and programs end behind their proxies.
    const child = spawn(command, { shell: true, cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const { pid } = child;
    this.pid = pid;
    if (pid !== undefined) guard(pid);
    const output = createWriteStream(log, { flags: "a" });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    this.ended = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        if (pid !== undefined && !groupIsAlive(pid)) release(pid);
        output.end(() => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
      });
      child.on("error", ({ message }) => output.end(() => resolve(message)));
    });
  }

  /** Resolves when it is gone. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    if ((await within(this.ended, GRACE_MS)) === undefined) this.signal("SIGKILL");
    await this.ended;
  }

  private signal(name: NodeJS.Signals): void {
    if (this.pid === undefined) return;
    try {
      process.kill(-this.pid, name);
    } catch {
      // It is gone.
    }
  }
}
