import { readFileSync, readdirSync } from "node:fs";
import { native } from "../filters/ratelimit/test/native.ts";
import { type Envoy, type FilterSpec, bootstrap, closedLoop, httpListener, openEnvoy } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";

/** Arms: a listener each, in one Envoy with one worker. `copies` of the same filter stand in the chain; the cost is divided by them. */
interface Arm {
  name: string;
  filter?: FilterSpec;
  copies: number;
}

const REQUESTS = 4_000;
const ROUNDS = 9;
const headers = [
  ["user-agent", "bench/1"],
  ["accept", "*/*"],
  ["x-request-id", "7f1b2f5e-8f6e-4a7b-9a3e-0d1c2b3a4f5e"],
  ["x-forwarded-for", "10.1.2.3"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"],
  ["x-user", "ann"],
] as const;

/**
 * What a filter costs the worker in CPU per request, over the same listener without it. Arms are visited in turn, forwards and backwards; the
 * least of all rounds counts, because noise only adds. Absolute figures move with the machine: read the ratios.
 */
async function main(): Promise<void> {
  const empty = (await buildModule({ name: "empty", entry: "bench/empty/assembly/index.ts", outDir: ".cache/bench" })).files.wasm;
  const tracing = (await buildModule({ name: "tracing", entry: "filters/tracing/assembly/index.ts", outDir: ".cache/bench" })).files.wasm;
  const limiter = (await buildModule({ name: "ratelimit", entry: "filters/ratelimit/assembly/index.ts", outDir: ".cache/bench" })).files
    .wasm;
  /** By user, and never refused. */
  const ratelimit = (rest: object = {}, batch = 1): FilterSpec => ({
    name: "ratelimit",
    wasm: limiter,
    config: { limits: [{ name: "per-user", key: [{ header: "x-user" }], requests: 1_000_000, per: "1s", batch }], ...rest },
  });
  const nativeLimit = native({ max_tokens: 1_000_000_000, tokens_per_fill: 1_000_000_000, fill_interval: "1s" });
  const mutation: FilterSpec = {
    name: "envoy.filters.http.header_mutation",
    typedConfig: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
      mutations: {
        request_mutations: [
          { append: { header: { key: "traceparent", value: "%REQ(x-request-id)%" }, append_action: "OVERWRITE_IF_EXISTS" } },
        ],
      },
    },
  };
  const arms: Arm[] = [
    { name: "no filter", copies: 1 },
    { name: "empty filter, alone", filter: { name: "empty", wasm: empty }, copies: 1 },
    { name: "empty filter, each of 20", filter: { name: "empty", wasm: empty }, copies: 20 },
    { name: "tracing, alone", filter: { name: "tracing", wasm: tracing, config: {} }, copies: 1 },
    { name: "tracing, each of 10", filter: { name: "tracing", wasm: tracing, config: {} }, copies: 10 },
    { name: "native header_mutation, each of 10", filter: mutation, copies: 10 },
    { name: "ratelimit, alone", filter: ratelimit(), copies: 1 },
    { name: "ratelimit, each of 10", filter: ratelimit(), copies: 10 },
    { name: "ratelimit, each of 10, tells nothing", filter: ratelimit({ responseHeaders: [] }), copies: 10 },
    { name: "ratelimit, each of 10, in batches of 50", filter: ratelimit({}, 50), copies: 10 },
    { name: "native local_ratelimit, each of 10", filter: nativeLimit, copies: 10 },
  ];
  const chain = ({ filter, copies }: Arm) => (filter ? Array.from({ length: copies }, () => filter) : []);
  await using envoy = await openEnvoy({
    config: bootstrap({ listeners: arms.map((arm) => httpListener({ name: arm.name, filters: chain(arm) })) }),
    componentLogLevel: "wasm:warn",
  });
  const worker = workerOf(envoy);
  const least = new Map<string, number>();
  for (const arm of arms) await closedLoop(envoy.address(arm.name), { requests: 1_000, headers, connections: 8 });
  for (let round = 0; round < ROUNDS; round++) {
    for (const arm of round % 2 ? arms.toReversed() : arms) {
      const before = cpu(worker);
      const statuses = await closedLoop(envoy.address(arm.name), { requests: REQUESTS, headers, connections: 8 });
      if (statuses.get(200) !== REQUESTS) throw new Error(`${arm.name}: ${JSON.stringify([...statuses])}`);
      const each = (cpu(worker) - before) / REQUESTS / 1_000;
      least.set(arm.name, Math.min(each, least.get(arm.name) ?? Number.POSITIVE_INFINITY));
    }
  }
  const base = least.get("no filter") ?? 0;
  console.log(`CPU of the worker, microseconds a request; least of ${ROUNDS} rounds of ${REQUESTS} requests, in turn`);
  console.log(`${"no filter".padEnd(40)}${base.toFixed(2).padStart(8)}`);
  for (const { name, copies } of arms.slice(1))
    console.log(`${name.padEnd(40)}${`+${(((least.get(name) ?? 0) - base) / copies).toFixed(2)}`.padStart(8)}`);
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

await main();
