// What modules weigh: their size, how long one takes to load, the memory of a VM, and what Envoy keeps of configurations that were replaced.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { eventually } from "../harness/expect/eventually.ts";
import { type Envoy, openEnvoy, openHost } from "../harness/index.ts";
import { features, partsOf } from "./arms/features.ts";
import { buildModules } from "./arms/modules.ts";
import { bytesPerStream } from "./run/per-stream.ts";

const KIB = 1_024;
const LOADS = 7;
const UPDATES: readonly number[] = [1, 100, 1_000];
const OUT = ".cache/bench";
const ACTIVE = "wasm.envoy.wasm.runtime.v8.active";

const { values } = parseArgs({
  options: {
    /** Without the thousand updates, which take minutes. */
    quick: { type: "boolean", default: false },
  },
});

interface Weight {
  module: string;
  bytes: number;
  /** By this process's V8 as Envoy's compiles it, every function at once: the least of several. */
  compileMilliseconds: number;
  linearMemoryBytes: number;
  /** Of that, what each stream takes while it is open. */
  streamBytes: number | undefined;
}

async function weigh(module: string, wasm: string, config: unknown, rootId = ""): Promise<Weight> {
  const times: number[] = [];
  let linearMemoryBytes = 0;
  for (let n = 0; n < LOADS; n++) {
    // V8 keeps what it compiled, by content: a custom section more makes it another module.
    const bytes = Buffer.concat([readFileSync(wasm), Uint8Array.from([0, 3, 2, 0x6e, n])]);
    const started = performance.now();
    new WebAssembly.Module(bytes);
    times.push(performance.now() - started);
  }
  await using host = await openHost({ filters: [{ name: module, wasm, config, rootId }] as never, componentLogLevel: "wasm:info" });
  for (let n = 0; n < 2_048; n++) await host.request({ path: "/orders/7", headers: { "x-user": "ann" } });
  linearMemoryBytes = Object.values(host.linearMemory()).reduce((sum, size) => sum + size, 0);
  const streamBytes = rootId === "" ? await bytesPerStream(module, wasm, config) : undefined;
  return { module, bytes: statSync(wasm).size, compileMilliseconds: Math.min(...times), linearMemoryBytes, streamBytes };
}

/** Resident memory of a process, in bytes. */
function resident(envoy: Envoy): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${envoy.pid}/status`, "utf8"))?.[1]) * KIB;
}

/** What an update brings: other configurations for the same VMs, or also other VMs, as a new module does. */
type Update = "configuration" | "VM";

/** Five filters in a chain, all of them updated. @returns bytes that Envoy has resident, by the number of updates */
async function updates(modules: Record<string, string>, update: Update, times: readonly number[]): Promise<Map<number, number>> {
  const chain = (turn: number) =>
    features.map(({ name, scenarios }) => ({
      name,
      wasm: modules[name] ?? "",
      // Other bytes of the same meaning: what grows is not what the configurations ask for.
      config: `${JSON.stringify(scenarios.allow.ways.ours?.config)}${" ".repeat(turn)}`,
      ...(update === "VM" ? { vmConfig: `${turn}` } : {}),
    }));
  await using envoy = await openEnvoy({ filters: chain(0), componentLogLevel: "wasm:warn", drainSeconds: 1, startTimeout: 60_000 });
  const active = async () => (await envoy.stat(ACTIVE)) ?? 0;
  const vms = await active();
  const found = new Map([[0, resident(envoy)]]);
  for (let turn = 1; turn <= Math.max(...times); turn++) {
    await envoy.update({ filters: chain(turn) });
    const { status } = await envoy.request({ path: "/orders/7", headers: { "x-user": "ann" } });
    if (status !== 200) throw new Error(`after update ${turn} the status is ${status}`);
    if (!times.includes(turn)) continue;
    // The listeners before this one are gone when they have drained.
    await eventually(async () => assert.equal(await active(), vms), { timeout: 30_000 });
    found.set(turn, resident(envoy));
  }
  return found;
}

async function main(): Promise<void> {
  setFlagsFromString("--no-wasm-lazy-compilation");
  const modules = await buildModules(features.map(({ name }) => name));
  const rust = "missing" in modules.rust ? undefined : modules.rust.wasm;
  const weights = [await weigh("empty", modules.empty, undefined)];
  for (const { name, scenarios } of features) {
    weights.push(await weigh(name, modules.ours[name] ?? "", scenarios.allow.ways.ours?.config));
  }
  if (modules.fused) weights.push(await weigh("mesh, with these five", modules.fused, { filters: partsOf(features) }));
  if (rust) weights.push(await weigh("Rust, all five", rust, features[2]?.scenarios.allow.ways.rust?.config, "ratelimit"));
  console.log("| module | KiB | compiled in ms | linear memory, KiB | bytes of an open stream |\n| --- | --- | --- | --- | --- |");
  for (const { module, bytes, compileMilliseconds, linearMemoryBytes, streamBytes } of weights) {
    const cells = [(bytes / KIB).toFixed(1), compileMilliseconds.toFixed(1), (linearMemoryBytes / KIB).toFixed(0), `${streamBytes ?? ""}`];
    console.log(`| ${[module, ...cells].join(" | ")} |`);
  }
  const empty = await openEnvoy({ componentLogLevel: "wasm:warn" });
  const bare = resident(empty);
  await empty.stop();
  const grown: Record<string, object> = {};
  console.log(`\nEnvoy's resident memory: ${mib(bare)} MiB without filters`);
  for (const update of ["configuration", "VM"] as const) {
    const found = await updates(modules.ours, update, values.quick ? UPDATES.slice(0, 2) : update === "VM" ? [1, 100, 300] : UPDATES);
    grown[update] = Object.fromEntries(found);
    for (const [turn, size] of found) console.log(`  five filters, after ${turn} updates with another ${update}: ${mib(size)} MiB`);
  }
  await mkdir(OUT, { recursive: true });
  await writeFile(`${OUT}/footprint.json`, `${JSON.stringify({ weights, bare, grown }, undefined, 2)}\n`);
}

const mib = (bytes: number) => (bytes / KIB / KIB).toFixed(1);

await main();
