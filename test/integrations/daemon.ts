import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../harness/envoy/wait.ts";
import { groupIsAlive, guard, readyReaper, release } from "../../harness/provision/reaper.ts";

/** How long it gets to end by itself. */
const GRACE_MS = 5_000;

/** A server that somebody else wrote, in a folder of its own; it ends with this process, whatever ends that. */
export class Daemon {
  private output = "";
  private changed: () => void = () => undefined;
  private readonly ended: Promise<void>;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.changed();
      });
    }
    this.ended = new Promise((resolve) => child.on("close", () => resolve()).on("error", () => resolve()));
  }

  /** @param prepare Gets the folder in which it runs, and gives its arguments. */
  static async start(name: string, command: string, prepare: (folder: string) => Promise<readonly string[]>): Promise<Daemon> {
    const folder = await mkdtemp(join(tmpdir(), `meshscript-${name}-`));
    const args = await prepare(folder);
    readyReaper();
    const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: true });
    if (child.pid !== undefined) guard(child.pid);
    return new Daemon(name, child, folder);
  }

  /** Resolves to what a line of its output says, when there is one. */
  async said(pattern: RegExp, timeout = 60_000): Promise<RegExpExecArray> {
    const line = new Promise<RegExpExecArray>((resolve) => {
      this.changed = () => {
        const found = pattern.exec(this.output);
        if (found) resolve(found);
      };
      this.changed();
    });
    const found = await within(Promise.race([line, this.ended.then(() => undefined)]), timeout);
    if (found === undefined) throw new Error(`${this.name} did not say ${pattern}:\n${this.output.slice(-3_000)}`);
    return found;
  }

  async stop(): Promise<void> {
    const { pid } = this.child;
    if (pid !== undefined && groupIsAlive(pid)) {
      process.kill(-pid, "SIGTERM");
      if (
        (await within(
          this.ended.then(() => true),
          GRACE_MS,
        )) === undefined
      )
        process.kill(-pid, "SIGKILL");
      await this.ended;
    }
    if (pid !== undefined) release(pid);
    await rm(this.folder, { recursive: true, force: true });
  }
}
