import { type FilterSpec, closedLoop, openEnvoy } from "../../harness/index.ts";
import { request } from "../arms/request.ts";

/** As often as a module tells its memory. */
const REPORT = 1_024;
/** After so many requests nothing more is taken. */
const EARLY = 10 * REPORT;

/** What a module has of a VM's memory, after the first requests and after all. */
export interface Soaked {
  module: string;
  early: number;
  late: number;
  /** What is alive at the end, with what waits to be collected. */
  objects: number;
}

/**
 * Sends requests through a chain in a real Envoy with one worker.
 *
 * @param modules names, as metrics say them, of the modules in the chain: `fault_injection`
 * @param requests rounded up to a multiple of 1,024
 * @throws Error when not every request got 200
 */
export async function soak(filters: FilterSpec[], modules: readonly string[], requests: number): Promise<Soaked[]> {
  await using envoy = await openEnvoy({
    filters,
    routes: [{ match: { prefix: "/" }, direct_response: { status: 200 } }],
    componentLogLevel: "wasm:info",
  });
  const gauge = async (module: string, name: string) => (await envoy.stat(`wasmcustom.meshscript_${module}_${name}`)) ?? 0;
  const memory = () => Promise.all(modules.map((module) => gauge(module, "linear_memory_bytes")));
  const load = async (count: number) => {
    const statuses = await closedLoop(envoy.address(), { requests: count, headers: [...request.headers], path: request.path });
    if (statuses.get(200) !== count) throw new Error(`not all of ${count} requests got 200: ${JSON.stringify([...statuses])}`);
  };
  await load(EARLY);
  const early = await memory();
  await load(Math.max(REPORT, Math.ceil((requests - EARLY) / REPORT) * REPORT));
  const late = await memory();
  // Awaited here: Envoy ends with this function.
  return await Promise.all(
    modules.map(async (module, i) => ({
      module,
      early: early[i] ?? 0,
      late: late[i] ?? 0,
      objects: await gauge(module, "live_objects"),
    })),
  );
}
