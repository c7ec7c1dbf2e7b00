import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { scaffold } from "../create-meshscript/scaffold.mjs";
import { packageRoot } from "../harness/provision/cache.ts";
import { Machine, pack } from "../test/packages/packed.ts";

/**
 * From nothing to the first green test on a real Envoy; from a save to the change in service; and 100 swaps under load. Ends with 1 when a
 * request failed, when VMs were left over, or when Envoy grew.
 */
const SAVES = 20;
const SWAPS = 100;
const CLIENTS = 4;
const MIB = 1024 * 1024;
/** What Envoy may have grown by since swap 20. */
const ALLOWED_MIB = 15;

const root = packageRoot();
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
const row = (what: string, value: string) => console.log(`${what.padEnd(46)}${value}`);

async function main(): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), "meshscript-bench-dev-"));
  try {
    await firstTest(folder);
    return (await swaps(folder)) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The packed packages in an empty folder; npm's own cache is warm, Envoy is there. */
async function firstTest(folder: string): Promise<void> {
  const packed = await pack(path.join(folder, "packed"));
  const home = path.join(folder, "home");
  await mkdir(home);
  const machine = new Machine(home, packed);
  const started = performance.now();
  await machine.run("npm create meshscript@latest hello");
  const made = performance.now();
  await machine.run("npm install", { cwd: "hello" });
  const installed = performance.now();
  const said = await machine.run("MESHSCRIPT_HOSTS=envoy npm test", { cwd: "hello" });
  const ended = performance.now();
  if (!/Tests {2}5 passed/.test(said)) throw new Error(said);
  row("new -> first green test on Envoy", seconds(ended - started));
  row("  npm create, npm install, npm test", [made - started, installed - made, ended - installed].map(seconds).join(", "));
}

async function swaps(folder: string): Promise<boolean> {
  const project = path.join(folder, "my-filter");
  scaffold({ folder: project, template: path.join(root, "create-meshscript/template"), examples: path.join(root, "examples") });
  await symlink(path.join(root, "node_modules"), path.join(project, "node_modules"), "dir");
  const dev = new DevProcess(project);
  try {
    await dev.next(/cases passed/);
    const { listeners, admin, pid } = dev.ready();
    const idle: number[] = [];
    for (let i = 0; i < SAVES; i++) idle.push(await dev.save(i));
    row("save -> live, idle: best, median, worst", spread(idle));

    const load = new Load(listeners[0]?.url ?? "", CLIENTS);
    const busy: number[] = [];
    const active: number[] = [];
    const memory = new Map<number, number>();
    for (let i = 1; i <= SWAPS; i++) {
      busy.push(await dev.save(SAVES + i));
      active.push(await settled(() => stat(admin, "wasm.envoy.wasm.runtime.v8.active")));
      if (i === 20 || i === SWAPS) memory.set(i, residentMiB(pid));
    }
    const { failed, answered } = await load.stop();
    const grown = (memory.get(SWAPS) ?? 0) - (memory.get(20) ?? 0);
    row(`save -> live, ${CLIENTS} clients: best, median, worst`, spread(busy));
    row(`${SWAPS} swaps under load: requests, failed`, `${answered}, ${failed}`);
    row("active VMs after each swap", [...new Set(active)].join(", "));
    row(`Envoy's memory after swap 20 and ${SWAPS}`, [...memory.values()].map((mib) => `${mib.toFixed(1)} MiB`).join(", "));
    return failed === 0 && new Set(active).size === 1 && grown <= ALLOWED_MIB;
  } finally {
    await dev.stop();
  }
}

/** `meshscript dev` in a process of its own, as a user has it. */
class DevProcess {
  private readonly child: ChildProcess;
  private text = "";
  private json = "";
  private wake = () => {};

  constructor(private readonly folder: string) {
    this.child = spawn(
      process.execPath,
      [path.join(root, "cli/meshscript.mjs"), "dev", "--json", "--port", "0", "--", "--concurrency", "2"],
      {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NO_COLOR: "1" },
      },
    );
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.json += chunk.toString();
    });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.text += chunk.toString();
      this.wake();
    });
    this.child.once("close", () => {
      this.text += "\nENDED\n";
      this.wake();
    });
  }

  /** What it says of itself when Envoy is ready. */
  ready() {
    return JSON.parse(this.json) as { listeners: { url: string }[]; admin: string; pid: number };
  }

  /** The next match, behind the last one. */
  async next(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match) {
        this.text = this.text.slice(match.index + match[0].length);
        return match;
      }
      if (this.text.includes("ENDED")) throw new Error(this.text);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Saves a change that makes another module; milliseconds until every worker had it. */
  async save(n: number): Promise<number> {
    const file = path.join(this.folder, "assembly/filter.ts");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"x-greeting(-\d+)?"/, `"x-greeting-${n}"`));
    const [, live = ""] = await this.next(/live after ([\d.]+) s.*\n/);
    return Number(live) * 1000;
  }

  async stop(): Promise<void> {
    this.child.kill("SIGINT");
    await this.next(/stopped/);
  }
}

/** Clients that send one request after the other, each on its kept connection. */
class Load {
  private stopping = false;
  private answered = 0;
  private failed = 0;
  private readonly clients: Promise<void>[];

  constructor(
    private readonly url: string,
    clients: number,
  ) {
    this.clients = Array.from({ length: clients }, () => this.client());
  }

  async stop() {
    this.stopping = true;
    await Promise.all(this.clients);
    return { answered: this.answered, failed: this.failed };
  }

  private async client(): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!this.stopping) {
      const status = await new Promise<number>((resolve) => {
        get(this.url, { agent }, (response) => response.resume().on("end", () => resolve(response.statusCode ?? 0))).on("error", () =>
          resolve(0),
        );
      });
      this.answered++;
      if (status !== 200) this.failed++;
    }
    agent.destroy();
  }
}

/** The value when it has been the same for a while: an old VM goes when its last stream and the workers' message queues are done. */
async function settled(ask: () => Promise<number>): Promise<number> {
  let last = await ask();
  for (let same = 0; same < 5; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = await ask();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

async function stat(admin: string, name: string): Promise<number> {
  const answer = (await (await fetch(`${admin}/stats?format=json&filter=${encodeURIComponent(`^${name}$`)}`)).json()) as {
    stats: { value?: number }[];
  };
  return answer.stats[0]?.value ?? 0;
}

function residentMiB(process: number): number {
  return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${process}/status`, "utf8"))?.[1]) * 1024) / MIB;
}

function spread(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  return [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((time) => seconds(time ?? 0)).join(", ");
}

process.exitCode = await main();
