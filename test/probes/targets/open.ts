import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Envoy,
  type EnvoyOptions,
  type Upstream,
  bootstrap,
  cluster,
  httpListener,
  newRunDirectory,
  openEnvoy,
  openUpstream,
  tcpListener,
} from "../../../harness/index.ts";
import { asMain, chainOptions, clusters, upstreams } from "../chain.ts";
import { probeModule } from "../module/build.ts";
import type { Open, Probe, Target } from "../types.ts";
import { EnvoyTarget } from "./envoy.ts";

/** Envoy logs its admin's requests then: see `settled` of the target. */
const LEVELS = "wasm:debug,admin:debug";

/** An Envoy of its own for one probe. */
export function ownEnvoy(options: EnvoyOptions = {}): Open {
  return async (probe, id) => {
    const envoy = await openEnvoy({
      ...chainOptions(probe, id, await probeModule()),
      drainSeconds: 1,
      componentLogLevel: LEVELS,
      ...options,
    });
    return new EnvoyTarget(envoy, id, { upstream: (name) => envoy.upstream(name), stop: () => envoy.stop() });
  };
}

/** One Envoy for many probes, each with a listener of its own; they run one after the other, since all share the upstreams. */
export async function sharedEnvoy(
  probes: ReadonlyMap<string, Probe>,
  options: EnvoyOptions = {},
): Promise<{ envoy: Envoy; open: Open; stop(): Promise<void> }> {
  const wasm = await probeModule();
  const running = new Map<string, Upstream>();
  for (const [name, spec] of Object.entries(upstreams)) running.set(name, await openUpstream(spec, name));
  const runDir = newRunDirectory();
  const listeners = [...probes].map(([id, probe]) => {
    const chain = chainOptions(probe, id, wasm);
    if (chain.tcp) return tcpListener({ name: id, cluster: "tcp", ...chain.tcp });
    return httpListener({
      name: id,
      filters: chain.filters ?? [],
      httpConnectionManager: asMain(chain),
      ...(chain.accessLoggers ? { accessLoggers: chain.accessLoggers } : {}),
      accessLog: { path: join(runDir, "access.log"), fields: chain.accessLog ?? {} },
    });
  });
  const own = [...running.values()].map((one) => cluster({ name: one.name, endpoints: [one.address], protocol: one.protocol }));
  const envoy = await openEnvoy({
    runDir,
    componentLogLevel: LEVELS,
    startTimeout: 90_000,
    config: bootstrap({ listeners, clusters: [...own, ...clusters] }),
    ...options,
  });
  const upstream: Target["upstream"] = (name) => {
    const found = running.get(name);
    if (!found) throw new Error(`no upstream ${name}`);
    return found;
  };
  return {
    envoy,
    open: async (_probe, id) => new EnvoyTarget(envoy, id, { listener: id, upstream }),
    async stop() {
      await envoy.stop();
      // What was named by us is not removed by Envoy.
      rmSync(runDir, { recursive: true, force: true });
      for (const one of running.values()) await one.stop();
    },
  };
}
