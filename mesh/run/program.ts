import { readFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { freePort } from "../../harness/envoy/added-listeners.ts";
import type { Address } from "../../harness/envoy/builders.ts";
import { poll } from "../../harness/envoy/wait.ts";
import type { Application, ApplicationSpec } from "./application.ts";
import { Child } from "./child.ts";

/** How long a program gets to listen. */
const LISTEN_MS = 20_000;
/** The pause before a program that has ended is started again; twice as long each time that it does not get as far as to listen. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** What becomes of a program that has been running. */
export interface ProgramEvent {
  /** `reviews-v1` */
  workload: string;
  /** It is not called while it is gone; `ready` says that it listens again. */
  state: "ended" | "ready";
  /** How it ended: `exit code 1`. */
  reason?: string;
  /** In how many milliseconds it is started again. */
  pause?: number;
  /** The file of its output. */
  log: string;
}

/** An application that is a program of the user's: it is told its port, and how to reach others. As a container of Kubernetes, it is started again when it ends. */
export class Program implements Application {
  private readonly ports = new Map<number, Address>();
  private readonly log: string;
  private env: Readonly<Record<string, string>> = {};
  private child: Child | undefined;
  private again: NodeJS.Timeout | undefined;
  private stopped = false;
  private gone = false;

  constructor(
    private readonly workload: string,
    private readonly spec: ApplicationSpec & { command: string },
    /** Where its output goes: `application.log`. */
    folder: string,
    private readonly tell: (event: ProgramEvent) => void,
  ) {
    this.log = join(folder, "application.log");
  }

  get down(): boolean {
    return this.gone;
  }

  async open(target: number): Promise<Address> {
    const address = this.ports.get(target) ?? { host: "127.0.0.1", port: await freePort() };
    this.ports.set(target, address);
    return address;
  }

  address(target: number): Address | undefined {
    return this.ports.get(target);
  }

  async start(env: Readonly<Record<string, string>>): Promise<void> {
    this.env = env;
    const child = this.spawn();
    const failed = await this.listens(child);
    if (failed === undefined) return this.keep(child, PAUSE_MS);
    const last = readFileSync(this.log, "utf8").trimEnd().split("\n").slice(-10);
    const notes = [`its output: ${this.log}`, ...last.map((line) => `  ${line}`)];
    throw new MeshscriptError(diagnostic("MS1101", `the command of ${this.workload} ${failed}`, { notes }));
  }

  upstream(): undefined {
    return undefined;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.again);
    await this.child?.stop();
  }

  private spawn(): Child {
    const { command, cwd = process.cwd(), env } = this.spec;
    const [first] = this.ports.values();
    const byTarget = [...this.ports].map(([target, { port }]) => [`PORT_${target}`, String(port)]);
    const port = first ? { PORT: String(first.port), HOST: first.host } : {};
    const all = { ...process.env, ...this.env, ...Object.fromEntries(byTarget), ...port, ...env };
    this.child = new Child(command, { cwd, env: all, log: this.log });
    return this.child;
  }

  /** Undefined when it listens at all its ports, and otherwise why not. */
  private async listens(child: Child): Promise<string | undefined> {
    const listening = Promise.all([...this.ports.values()].map((address) => poll(() => accepts(address), { timeout: LISTEN_MS })));
    const result = await Promise.race([listening, child.ended]);
    if (typeof result === "string") return `ended: ${result}`;
    return result.every((each) => each) ? undefined : `does not listen on its PORT within ${LISTEN_MS / 1000} s`;
  }

  /** When it ends, and nobody has stopped it, it is started again. */
  private keep(child: Child, pause: number): void {
    void child.ended.then((reason) => {
      if (this.stopped) return;
      this.gone = true;
      this.tell({ workload: this.workload, state: "ended", reason, pause, log: this.log });
      this.again = setTimeout(() => void this.restart(pause), pause);
    });
  }

  private async restart(pause: number): Promise<void> {
    const child = this.spawn();
    const failed = await this.listens(child);
    if (this.stopped) return;
    if (failed !== undefined) {
      this.keep(child, Math.min(pause * 2, LONGEST_PAUSE_MS));
      return child.stop();
    }
    this.gone = false;
    this.tell({ workload: this.workload, state: "ready", log: this.log });
    this.keep(child, PAUSE_MS);
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
