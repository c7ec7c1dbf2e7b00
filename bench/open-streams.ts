import { buildModule } from "../modules/index.ts";
import { openBareHost } from "../test/support/bare-host.ts";

/** What a stream costs in the module alone, from its creation to its end, while others are open: it must not grow with their number. */
const OPEN = [0, 100, 1_000, 5_000];
const ROUNDS = 15;
const STREAMS = 4_000;
const ROOT = 1;

async function main(): Promise<void> {
  const { wasm } = (await buildModule({ name: "empty", entry: "bench/empty/assembly/index.ts", outDir: ".cache/bench" })).files;
  const arms = OPEN.map((open) => {
    const host = openBareHost(wasm);
    host.call("proxy_on_context_create", ROOT, 0);
    host.call("proxy_on_vm_start", ROOT, 0);
    host.call("proxy_on_configure", ROOT, 0);
    let id = ROOT;
    const begin = () => {
      host.call("proxy_on_context_create", ++id, ROOT);
      host.call("proxy_on_request_headers", id, 5, 1);
      return id;
    };
    for (let i = 0; i < open; i++) begin();
    return { open, begin, end: (stream: number) => host.call("proxy_on_delete", stream), best: Number.POSITIVE_INFINITY };
  });
  for (let round = 0; round < ROUNDS; round++) {
    for (const arm of arms) {
      const start = performance.now();
      for (let i = 0; i < STREAMS; i++) arm.end(arm.begin());
      arm.best = Math.min(arm.best, ((performance.now() - start) * 1e6) / STREAMS);
    }
  }
  console.log(`nanoseconds a stream in the module, least of ${ROUNDS} rounds of ${STREAMS}, in turn`);
  const least = arms[0]?.best ?? 1;
  for (const { open, best } of arms) {
    console.log(`${`${open.toLocaleString("en")} others open`.padEnd(24)}${best.toFixed(0).padStart(8)}  x ${(best / least).toFixed(2)}`);
  }
}

await main();
