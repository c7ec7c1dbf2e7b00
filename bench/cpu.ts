import { readFileSync, readdirSync } from "node:fs";
import { type Envoy, type FilterSpec, type HttpListenerOptions, bootstrap, closedLoop, httpListener, openEnvoy } from "../harness/index.ts";

/** Arms: a listener each, in one Envoy with one worker. `copies` of the same filters stand in the chain; the cost is divided by them. */
export interface Arm {
  name: string;
  /** [none] */
  filters?: readonly FilterSpec[];
  copies: number;
  /** Of the listener [none]. */
  accessLog?: HttpListenerOptions["accessLog"];
}

/** Of a usual request. */
export const headers = [
  ["user-agent", "bench/1"],
  ["accept", "*/*"],
  ["x-request-id", "7f1b2f5e-8f6e-4a7b-9a3e-0d1c2b3a4f5e"],
  ["x-forwarded-for", "192.0.2.7"],
  ["x-user", "ann"],
] as const;

const REQUESTS = 4_000;
const ROUNDS = 9;

/**
 * Prints what filters cost the worker in CPU per request, over the same listener without them. Arms are visited in turn, forwards and backwards;
 * the least of all rounds counts, because noise only adds. Absolute figures move with the machine: read the ratios.
 *
 * @param headers of each request
 * @param path of each request, which all arms answer with 200
 * @returns microseconds by arm
 */
export async function measure(
  arms: readonly Arm[],
  headers: readonly (readonly [string, string])[],
  path = "/",
): Promise<Map<string, number>> {
  const all: readonly Arm[] = [{ name: "no filter", copies: 1 }, ...arms];
  const chain = ({ filters = [], copies }: Arm) => Array.from({ length: copies }, () => filters).flat();
  await using envoy = await openEnvoy({
    config: bootstrap({
      listeners: all.map((arm) =>
        httpListener({ name: arm.name, filters: chain(arm), ...(arm.accessLog ? { accessLog: arm.accessLog } : {}) }),
      ),
    }),
    componentLogLevel: "wasm:warn",
  });
  const worker = workerOf(envoy);
  const least = new Map<string, number>();
  for (const arm of all) await closedLoop(envoy.address(arm.name), { requests: 1_000, headers, path, connections: 8 });
  for (let round = 0; round < ROUNDS; round++) {
    for (const arm of round % 2 ? all.toReversed() : all) {
      const before = cpu(worker);
      const statuses = await closedLoop(envoy.address(arm.name), { requests: REQUESTS, headers, path, connections: 8 });
      if (statuses.get(200) !== REQUESTS) throw new Error(`${arm.name}: ${JSON.stringify([...statuses])}`);
      const each = (cpu(worker) - before) / REQUESTS / 1_000;
      least.set(arm.name, Math.min(each, least.get(arm.name) ?? Number.POSITIVE_INFINITY));
    }
  }
  const base = least.get("no filter") ?? 0;
  const costs = new Map(arms.map(({ name, copies }) => [name, ((least.get(name) ?? 0) - base) / copies]));
  console.log(`CPU of the worker, microseconds a request; least of ${ROUNDS} rounds of ${REQUESTS} requests, in turn`);
  console.log(`${"no filter".padEnd(44)}${base.toFixed(2).padStart(8)}`);
  for (const [name, cost] of costs) console.log(`${name.padEnd(44)}${`+${cost.toFixed(2)}`.padStart(8)}`);
  return costs;
}

/** The stat file of Envoy's only worker thread: its first field is nanoseconds on the CPU. */
function workerOf(envoy: Envoy): string {
  const tasks = `/proc/${envoy.pid}/task`;
  const found = readdirSync(tasks).find((id) => readFileSync(`${tasks}/${id}/comm`, "utf8").startsWith("wrk:worker"));
  if (!found) throw new Error("no worker thread: this benchmark needs Linux");
  return `${tasks}/${found}/schedstat`;
}

function cpu(file: string): number {
  return Number(readFileSync(file, "utf8").split(" ")[0]);
}
