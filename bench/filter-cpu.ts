import { native } from "../filters/ratelimit/test/native.ts";
import type { FilterSpec } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";
import { mutation } from "./arms/tracing.ts";
import { type Arm, measure } from "./cpu.ts";

const headers = [
  ["user-agent", "bench/1"],
  ["accept", "*/*"],
  ["x-request-id", "7f1b2f5e-8f6e-4a7b-9a3e-0d1c2b3a4f5e"],
  ["x-forwarded-for", "10.1.2.3"],
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["tracestate", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"],
  ["x-user", "ann"],
] as const;

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
  const arms: Arm[] = [
    { name: "empty filter, alone", filters: [{ name: "empty", wasm: empty }], copies: 1 },
    { name: "empty filter, each of 20", filters: [{ name: "empty", wasm: empty }], copies: 20 },
    { name: "tracing, alone", filters: [{ name: "tracing", wasm: tracing, config: {} }], copies: 1 },
    { name: "tracing, each of 10", filters: [{ name: "tracing", wasm: tracing, config: {} }], copies: 10 },
    { name: "native header_mutation, each of 10", filters: [mutation], copies: 10 },
    { name: "ratelimit, alone", filters: [ratelimit()], copies: 1 },
    { name: "ratelimit, each of 10", filters: [ratelimit()], copies: 10 },
    { name: "ratelimit, each of 10, tells nothing", filters: [ratelimit({ responseHeaders: [] })], copies: 10 },
    { name: "ratelimit, each of 10, in batches of 50", filters: [ratelimit({}, 50)], copies: 10 },
    { name: "native local_ratelimit, each of 10", filters: [nativeLimit], copies: 10 },
  ];
  await measure(arms, headers);
}

await main();
