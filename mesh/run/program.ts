import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { freePort } from "../../harness/envoy/added-listeners.ts";
import type { Address } from "../../harness/envoy/builders.ts";
import { poll, within } from "../../harness/envoy/wait.ts";
import { groupIsAlive, guard, readyReaper, release } from "../../harness/provision/reaper.ts";
import type { Application, ApplicationSpec } from "./application.ts";

/** How long a program gets to listen, and to end by itself. */
const LISTEN_MS = 20_000;
const GRACE_MS = 3_000;

/** An application that is a program of the user's: it is told its port, and how to reach others. Its output goes to a file. */
export class Program implements Application {
  private readonly ports = new Map<number, Address>();
  private child: ChildProcess | undefined;
  private gone: Promise<string> | undefined;

  constructor(
    private readonly workload: string,
    private readonly spec: ApplicationSpec & { command: string },
    /** Where its output goes: `application.log`. */
    private readonly folder: string,
  ) {}

  async open(target: number): Promise<Address> {
    const address = this.ports.get(target) ?? { host: "127.0.0.1", port: await freePort() };
    this.ports.set(target, address);
    return address;
  }

  address(target: number): Address | undefined {
    return this.ports.get(target);
  }

  async start(env: Readonly<Record<string, string>>): Promise<void> {
    const { command, cwd = process.cwd() } = this.spec;
    const [first] = this.ports.values();
    const byTarget = [...this.ports].map(([target, { port }]) => [`PORT_${target}`, String(port)]);
    const port = first ? { PORT: String(first.port), HOST: first.host } : {};
    const log = createWriteStream(join(this.folder, "application.log"));
    readyReaper();
    const child = spawn(command, {
      shell: true,
      cwd,
      env: { ...process.env, ...env, ...Object.fromEntries(byTarget), ...port, ...this.spec.env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: Ctrl-C in the terminal reaches only us, and programs end behind their proxies.
      detached: true,
    });
    this.child = child;
    if (child.pid !== undefined) guard(child.pid);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.gone = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        if (child.pid !== undefined && !groupIsAlive(child.pid)) release(child.pid);
        log.end(() => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
      });
      child.on("error", ({ message }) => log.end(() => resolve(message)));
    });
    const ended = this.gone;
    const listening = Promise.all([...this.ports.values()].map((address) => poll(() => accepts(address), { timeout: LISTEN_MS })));
    const result = await Promise.race([listening, ended]);
    if (typeof result !== "string" && result.every((each) => each)) return;
    const why = typeof result === "string" ? `ended: ${result}` : `does not listen on its PORT within ${LISTEN_MS / 1000} s`;
    const file = join(this.folder, "application.log");
    const last = readFileSync(file, "utf8").trimEnd().split("\n").slice(-10);
    const notes = [`its output: ${file}`, ...last.map((line) => `  ${line}`)];
    throw new MeshscriptError(diagnostic("MS1101", `the command of ${this.workload} ${why}`, { notes }));
  }

  upstream(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    const { child, gone } = this;
    if (child?.pid === undefined || gone === undefined) return;
    signal(child.pid, "SIGTERM");
    if ((await within(gone, GRACE_MS)) === undefined) signal(child.pid, "SIGKILL");
    await gone;
  }
}

/** A port that is served already. */
export class Served implements Application {
  constructor(private readonly port: number) {}

  async open(): Promise<Address> {
    return this.address();
  }

  address(): Address {
    return { host: "127.0.0.1", port: this.port };
  }

  async start(): Promise<void> {}

  upstream(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {}
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // It is gone.
  }
}

/** True when somebody accepts connections there. */
function accepts({ host, port }: Address): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const end = (value: true | undefined) => {
      socket.destroy();
      resolve(value);
    };
    socket.once("connect", () => end(true)).once("error", () => end(undefined));
  });
}
