// What `meshscript dev` promises of a swap, seen by clients: `npm run bench:dev` does it a hundred times through the whole command.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Envoy, closedLoop, openEnvoy } from "../../harness/index.ts";
import { DebugCompiler, type DebugModule } from "../../modules/index.ts";
import { ExtensionConfigs } from "../dev/extension-configs.ts";
import { filterBootstrap } from "../run/bootstrap.ts";
import { DevProject } from "./dev-project.ts";

let project: DevProject;
let runDir: string;
let module: DebugModule;
let envoy: Envoy;
let configs: ExtensionConfigs;

beforeAll(async () => {
  project = await DevProject.open();
  runDir = await mkdtemp(join(tmpdir(), "meshscript-swaps-"));
  const compiler = new DebugCompiler(project.folder);
  module = await compiler.compile("my-filter", "assembly/index.ts");
  await compiler.close();
  configs = new ExtensionConfigs(runDir);
  await configs.write(await served(0));
  const filters = [{ name: "my-filter", entry: configs.entry("my-filter") }];
  envoy = await openEnvoy({
    config: filterBootstrap({ filters, port: 0, accessLog: "/dev/null" }),
    concurrency: 2,
    componentLogLevel: "wasm:info",
  });
}, 60_000);
afterAll(async () => {
  await envoy?.stop();
  await project?.remove();
  await rm(runDir, { recursive: true, force: true });
});

/** The module with another custom section: other bytes, the same code. */
async function served(n: number) {
  const section = Buffer.from([0, 3, 1, 0x6e, n]);
  return {
    name: "my-filter",
    wasm: await configs.place("my-filter", { ...module, wasm: Buffer.concat([module.wasm, section]) }),
    config: '{ "greeting": "hi" }',
  };
}

const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${envoy.pid}/status`, "utf8"))?.[1]) / 1024;
const active = () => envoy.stat("wasm.envoy.wasm.runtime.v8.active");

test("sixty swaps under load: no request fails, no VM is left over, metrics go on counting, memory stays", {
  timeout: 120_000,
}, async () => {
  const before = await active();
  let early = 0;
  const over = new AbortController();
  const swaps = async () => {
    for (let n = 1; n <= 60; n++) {
      expect(await configs.swap(await served(n), envoy), `swap ${n}`).toBeUndefined();
      await expect.poll(active, { timeout: 5_000 }).toBe(before);
      if (n === 20) early = resident();
    }
  };
  const [statuses] = await Promise.all([
    closedLoop(envoy.address(), { until: over.signal, connections: 4 }),
    swaps().finally(() => over.abort()),
  ]);

  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(60);
  expect(await envoy.stat("wasmcustom.my_filter_greeted_total")).toBe(statuses.get(200));
  expect(resident() - early).toBeLessThan(15);
});

test("what Envoy refuses is told in its words, and the old one goes on serving", { timeout: 30_000 }, async () => {
  const good = await served(61);
  expect(await configs.swap(good, envoy)).toBeUndefined();
  const refused = await configs.swap({ ...good, config: '{ "greting": 1 }' }, envoy);
  expect(refused).toContain("Unable to create Wasm plugin my-filter");
  expect((await envoy.request()).status).toBe(200);
  expect(await configs.swap({ ...good, config: "{}" }, envoy)).toBeUndefined();
});
