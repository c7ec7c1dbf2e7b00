import {
  type ChainOptions,
  type ConfigObject,
  type FilterSpec,
  type UpstreamSpec,
  type WasmFilterSpec,
  cluster,
  merge,
  route,
} from "../../harness/index.ts";
import { scriptText } from "./script.ts";
import type { PluginSpec, Probe } from "./types.ts";

/** Every probe has these: `app` and `h2` show what they received, the others fail in their own ways. */
export const upstreams: Record<string, UpstreamSpec> = { app: {}, h2: { protocol: "h2c" }, tcp: { protocol: "tcp" } };

const nowhere = { host: "127.0.0.1", port: 1 };

export const clusters: readonly ConfigObject[] = [
  cluster({ name: "refused", endpoints: [nowhere] }),
  cluster({ name: "empty", endpoints: [] }),
  cluster({ name: "full", endpoints: [nowhere], cluster: { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } } }),
];

/** A name for the probe's VMs: the same wherever it runs. */
export function probeId(topic: string, name: string): string {
  return `${topic}/${name.replace(/[^A-Za-z0-9]+/g, "-")}`;
}

/** The scripted filters of a probe. */
export function pluginsOf(probe: Probe): PluginSpec[] {
  if (probe.script) return [{ ...probe.plugin, script: probe.script }];
  return (probe.plugins ?? []).filter((plugin) => "script" in plugin);
}

/** What opens a probe, on Envoy or on any host that takes the same options. */
export function chainOptions(probe: Probe, id: string, wasm: string): ChainOptions {
  const all = probe.script ? pluginsOf(probe) : (probe.plugins ?? []);
  const filters = all.map((plugin): FilterSpec => ("script" in plugin ? filterOf(plugin, id, wasm) : plugin));
  if (probe.tcp) return { tcp: { filters, ...probe.tcp }, upstreams, clusters };
  return {
    filters,
    upstreams,
    clusters,
    routes: probe.routes ?? [route("app")],
    // Envoy waits a second before it closes a connection whose stream it has reset.
    httpConnectionManager: { delayed_close_timeout: "0.02s", ...probe.httpConnectionManager },
    accessLog: { probe: id, ...probe.accessLog },
    ...(probe.accessLoggers ? { accessLoggers: probe.accessLoggers.map((plugin) => filterOf(plugin, id, wasm)) } : {}),
  };
}

function filterOf(plugin: PluginSpec, id: string, wasm: string): WasmFilterSpec {
  const { script, boot, label, vm, name = label ?? "probe", environment, ...rest } = plugin;
  const variables = { ...environment, ...(boot ? { PROBE: scriptText(boot) } : {}) };
  return {
    ...rest,
    name,
    wasm,
    vmId: vm === undefined ? id : `${id}.${vm}`,
    config: scriptText(script, label),
    ...(Object.keys(variables).length > 0 ? { environment: variables } : {}),
  };
}

/** The manager's settings with the names that a listener called `main` has, whatever it is called. */
export function asMain(options: ChainOptions): ConfigObject {
  const hosts = [{ name: "main", domains: ["*"], routes: options.routes }];
  return merge({ stat_prefix: "main", route_config: { name: "main", virtual_hosts: hosts } }, options.httpConnectionManager);
}
