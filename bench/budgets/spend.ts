import { readFile } from "node:fs/promises";
import { meshModule } from "../../fused/test/support.ts";
import { type Counts, openHost } from "../../harness/index.ts";
import { filterModule } from "../../test/support/build-once.ts";
import { median } from "../statistics/bootstrap.ts";
import { instrumented } from "./instrument.ts";
import type { Scenario } from "./scenarios.ts";

/** What a request costs in the steady state, without a clock: the same on every machine. */
export interface Spending {
  hostCalls: Record<string, number>;
  bytesToGuest: number;
  bytesFromGuest: number;
  /** Times that the host had the module allocate. */
  hostAllocations: number;
  /** Blocks from the module's own heap. */
  heapAllocations: number;
  /** Executed instructions of the module. */
  instructions: number;
  /** The same over many requests, with what is done now and then: collecting garbage, setting gauges. */
  meanInstructions: number;
}

/** Four times as often as the gauges are set, and some collections. */
const REQUESTS = 4_096;
/** Until memory that is given back is taken again. */
const WARM_UP = 4_096;
const NOW = "2026-01-01T00:00:00Z";

/** Runs a scenario in the in-process host. */
export async function spend({ filter, name, config, request, status }: Scenario): Promise<Spending> {
  const file = await (filter === "mesh" ? meshModule() : filterModule(filter));
  const wasm = instrumented(await readFile(file));
  await using host = await openHost({
    filters: [{ name: filter, wasm, config } as never],
    componentLogLevel: "wasm:info",
    seed: 1,
    now: NOW,
  });
  const counts: Counts[] = [];
  for (let n = 0; n < WARM_UP + REQUESTS; n++) {
    const response = await host.request({ path: request.path, headers: [...request.headers] });
    // The one token of a bucket is there for the first request.
    if (n > 0 && response.status !== status) throw new Error(`${filter}, ${name}: status ${response.status} instead of ${status}`);
    if (n >= WARM_UP) counts.push(response.counts[filter] as Counts);
  }
  return summary(counts);
}

/** Of most requests; those that do more than others, now and then, count in the mean alone. */
function summary(counts: readonly Counts[]): Spending {
  const typical = (of: (one: Counts) => number) => median(counts.map(of));
  const names = new Set(counts.flatMap(({ hostCalls }) => Object.keys(hostCalls)));
  const calls = [...names].sort().map((name) => [name, typical(({ hostCalls }) => hostCalls[name] ?? 0)] as const);
  const sum = counts.reduce((total, { guestInstructions = 0 }) => total + guestInstructions, 0);
  return {
    hostCalls: Object.fromEntries(calls.filter(([, times]) => times > 0)),
    bytesToGuest: typical(({ bytesToGuest }) => bytesToGuest),
    bytesFromGuest: typical(({ bytesFromGuest }) => bytesFromGuest),
    hostAllocations: typical(({ guestAllocations }) => guestAllocations),
    heapAllocations: typical(({ guestHeapAllocations = 0 }) => guestHeapAllocations),
    instructions: typical(({ guestInstructions = 0 }) => guestInstructions),
    meanInstructions: Math.round(sum / counts.length),
  };
}
