import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { within } from "../../../harness/envoy/wait.ts";
import { guard, readyReaper, release } from "../../../harness/provision/reaper.ts";

/** How long it gets to end by itself: the request that it is at. */
const GRACE_MS = 5_000;

interface Waiting {
  resolve: (line: string) => void;
  reject: (reason: Error) => void;
}

/** A program that answers each line of its stdin with a line on stdout; it ends with this process, whatever ends that. */
export class Lines {
  hasEnded = false;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting: Waiting[] = [];
  private readonly closed: Promise<void>;
  /** Of the line that is not complete yet: answers have several hundred kilobytes, and joining them at every piece is quadratic. */
  private pieces: string[] = [];
  private stderr = "";

  constructor(
    private readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    readyReaper();
    this.child = spawn(command, args, { stdio: "pipe", detached: true });
    if (this.child.pid !== undefined) guard(this.child.pid);
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => this.read(text));
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = `${this.stderr}${text}`.slice(-20_000);
    });
    // Writing to one that has just ended: `close` tells those who wait.
    this.child.stdin.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.child
        .on("error", (error) => this.end(error.message))
        .on("close", (code, signal) => {
          this.end(signal ?? `exit code ${code}`);
          resolve();
        });
    });
  }

  ask(line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.child.stdin.write(`${line}\n`);
    });
  }

  async stop(): Promise<void> {
    const { pid } = this.child;
    if (pid === undefined) return;
    this.child.stdin.end();
    const ended = await within(
      this.closed.then(() => true),
      GRACE_MS,
    );
    if (ended === undefined) this.child.kill("SIGKILL");
    await this.closed;
  }

  private read(text: string): void {
    const parts = text.split("\n");
    for (const part of parts.slice(0, -1)) {
      this.pieces.push(part);
      this.waiting.shift()?.resolve(this.pieces.join(""));
      this.pieces = [];
    }
    this.pieces.push(parts.at(-1) ?? "");
  }

  private end(why: string): void {
    this.hasEnded = true;
    if (this.child.pid !== undefined) release(this.child.pid);
    // Go prints the reason first and the goroutines after it.
    const said = this.stderr.split("\n\n")[0]?.trim();
    for (const { reject } of this.waiting.splice(0)) reject(new Error(`${this.name} ended (${why})${said ? `: ${said}` : ""}`));
  }
}
