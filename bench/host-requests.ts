import { type HostPlugin, type UpstreamSpec, openHost } from "../harness/index.ts";
import { buildModule } from "../modules/index.ts";

/** What the in-process host answers in a second: one process, one after the other, each awaited, as a test does it. */
interface Arm {
  name: string;
  plugins: HostPlugin[];
  upstreams: Record<string, UpstreamSpec>;
}

const REQUESTS = 20_000;
const ROUNDS = 7;

async function main(): Promise<void> {
  const empty = (await buildModule({ name: "empty", entry: "bench/empty/assembly/index.ts", outDir: ".cache/bench" })).files.wasm;
  const tracing = (await buildModule({ name: "tracing", entry: "filters/tracing/assembly/index.ts", outDir: ".cache/bench" })).files.wasm;
  const app = { app: { respond: { status: 200, body: "hello" } } };
  const arms: Arm[] = [
    { name: "no filter, direct response", plugins: [], upstreams: {} },
    { name: "empty filter, direct response", plugins: [{ name: "empty", wasm: empty }], upstreams: {} },
    { name: "empty filter and an upstream", plugins: [{ name: "empty", wasm: empty }], upstreams: app },
    { name: "tracing and an upstream", plugins: [{ name: "tracing", wasm: tracing, config: {} }], upstreams: app },
  ];
  const hosts = await Promise.all(arms.map(({ plugins, upstreams }) => openHost({ plugins, upstreams })));
  const best = arms.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, host] of hosts.entries()) {
      const start = performance.now();
      for (let n = 0; n < REQUESTS; n++) {
        const { status } = await host.request({ path: "/" });
        if (status !== 200) throw new Error(`${arms[i]?.name}: ${status}`);
      }
      best[i] = Math.max(best[i] ?? 0, REQUESTS / ((performance.now() - start) / 1000));
      for (const upstream of Object.keys(arms[i]?.upstreams ?? {})) host.upstream(upstream).clear();
    }
  }
  console.log(`requests a second in one process, best of ${ROUNDS} rounds of ${REQUESTS}, in turn`);
  for (const [i, { name }] of arms.entries())
    console.log(
      `${name.padEnd(36)}${Math.round(best[i] ?? 0)
        .toLocaleString("en")
        .padStart(10)}`,
    );
  for (const host of hosts) await host.stop();
}

await main();
