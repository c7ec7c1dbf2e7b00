// Whether a module's memory is the same after ten thousand requests and after ten million: each in a chain in one Envoy, then all in the fused one.
import { parseArgs } from "node:util";
import { soak } from "./run/soak.ts";
import { soaks } from "./run/soaks.ts";

const { values } = parseArgs({ options: { requests: { type: "string", default: "10000000" } } });
const requests = Number(values.requests);
if (!Number.isSafeInteger(requests) || requests < 1) {
  console.error(`--requests must be a number of requests, got ${JSON.stringify(values.requests)}`);
  process.exit(64);
}
for (const { title, filters, modules } of await soaks()) {
  console.log(`${title}: ${requests.toLocaleString("en")} requests`);
  for (const { module, early, late, objects } of await soak(filters, modules, requests)) {
    const kib = (bytes: number) => `${(bytes / 1_024).toFixed(0)} KiB`;
    console.log(`  ${module.padEnd(18)}${kib(early).padStart(9)} after 10,240,${kib(late).padStart(9)} at the end, ${objects} objects`);
    if (early === 0 || late !== early) process.exitCode = 1;
  }
}
