import type { FilterSpec } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";
import { type Arm, measure } from "./cpu.ts";

const headers = [
  ["user-agent", "bench/1"],
  ["accept", "*/*"],
  ["x-request-id", "7f1b2f5e-8f6e-4a7b-9a3e-0d1c2b3a4f5e"],
  ["x-forwarded-for", "192.0.2.7"],
  ["x-user", "ann"],
] as const;

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
