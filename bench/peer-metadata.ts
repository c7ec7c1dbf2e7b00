import type { FilterSpec } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";
import { type Arm, headers, measure } from "./cpu.ts";

/** What an exchange costs: one filter as the caller's sidecar has it, behind it one as the callee's, in one chain. */
async function main(): Promise<void> {
  const { files } = await buildModule({ name: "peer-metadata", entry: "filters/peer-metadata/assembly/index.ts", outDir: ".cache/bench" });
  const workload = { name: "reviews-v2", namespace: "default", app: "reviews", version: "v2", cluster: "c1" };
  const ours = (direction: "inbound" | "outbound"): FilterSpec => ({
    name: "peer-metadata",
    wasm: files.wasm,
    config: { direction, trust: "always", workload },
  });
  const each = (name: string, ...filters: FilterSpec[]): Arm => ({ name: `${name}, each of 10`, filters, copies: 10 });
  await measure(
    [
      each("outbound and inbound, peers known", ours("outbound"), ours("inbound")),
      each("inbound, nobody says anything", ours("inbound")),
      each("outbound, no answer", ours("outbound")),
    ],
    headers,
  );
}

await main();
