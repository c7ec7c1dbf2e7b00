import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { scaffold } from "../create-meshscript/scaffold.mjs";
import { closedLoop } from "../harness/load/index.ts";
import { packageRoot } from "../harness/provision/cache.ts";
import { Machine } from "../test/support/machine.ts";
import { pack } from "../test/support/packed.ts";
import { Staying } from "../test/support/staying.ts";

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
    await dev.said(/cases passed/);
    const { listeners, admin, pid } = dev.ready();
    const idle: number[] = [];
    for (let i = 0; i < SAVES; i++) idle.push(await dev.save(i));
    row("save -> live, idle: best, median, worst", spread(idle));

    const busy: number[] = [];
    const active: number[] = [];
    const memory = new Map<number, number>();
    const swapping = async () => {
      for (let i = 1; i <= SWAPS; i++) {
        busy.push(await dev.save(SAVES + i));
        active.push(await settled(() => stat(admin, "wasm.envoy.wasm.runtime.v8.active")));
        if (i === 20 || i === SWAPS) memory.set(i, residentMiB(pid));
      }
    };
    const { hostname: host, port } = new URL(listeners[0]?.url ?? "");
    const over = new AbortController();
    const [statuses] = await Promise.all([
      closedLoop({ host, port: Number(port) }, { until: over.signal, connections: CLIENTS }),
      swapping().finally(() => over.abort()),
    ]);
    const answered = [...statuses.values()].reduce((sum, count) => sum + count, 0);
    const failed = answered - (statuses.get(200) ?? 0);
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
  private readonly running: Staying;

  constructor(private readonly folder: string) {
    const args = [path.join(root, "cli/meshscript.mjs"), "dev", "--json", "--port", "0", "--", "--concurrency", "2"];
    this.running = new Staying(process.execPath, args, { cwd: folder, env: { ...process.env, NO_COLOR: "1" }, of: "meshscript dev" });
  }

  /** What it says of itself when Envoy is ready. */
  ready() {
    return JSON.parse(this.running.output.stdout) as { listeners: { url: string }[]; admin: string; pid: number };
  }

  /** The next match, behind the last one. */
  said(pattern: RegExp): Promise<RegExpExecArray> {
    return this.running.output.next("stderr", pattern);
  }

  /** Saves a change that makes another module; milliseconds until every worker had it. */
  async save(n: number): Promise<number> {
    const file = path.join(this.folder, "assembly/filter.ts");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"x-greeting(-\d+)?"/, `"x-greeting-${n}"`));
    const [, live = ""] = await this.said(/live after ([\d.]+) s.*\n/);
    return Number(live) * 1000;
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await this.said(/stopped/);
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
