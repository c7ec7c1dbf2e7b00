import { join } from "node:path";
import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { bootstrap, cluster, httpListener, isObject, loadAssignment, route, socketAddress, tcpListener } from "./builders.ts";
import { type LoadedConfig, loadConfig } from "./config-source.ts";
import type { ChainOptions, ConfigObject, EnvoyOptions, ListenerOptions, TcpOptions } from "./types.ts";

/** What Envoy shall run: the bootstrap, and apart from it what can change while it runs. */
export interface Plan {
  bootstrap: ConfigObject;
  listeners: ConfigObject[];
  clusters: ConfigObject[];
  /** The user's file, for error messages. */
  file?: string;
  /** False for a configuration that brings its own xDS: then nothing is taken out of it and `update()` cannot work. */
  updatable: boolean;
}

/** Turns options into a plan. The upstreams are running already, because their ports go into the clusters. */
export async function makePlan(options: EnvoyOptions, upstreams: ReadonlyMap<string, Upstream>, runDir: string): Promise<Plan> {
  if (options.config !== undefined) {
    const ofChain = (["listeners", "filters", "routes", "httpConnectionManager", "accessLoggers", "tls", "tcp"] as const).filter(
      (name) => options[name] !== undefined,
    );
    if (ofChain.length > 0) {
      throw new MeshscriptError(
        diagnostic("MS0407", `\`config\` is a complete bootstrap and cannot be combined with ${ofChain.join(", ")}`),
      );
    }
    return planOf(await loadConfig(options.config), options, upstreams);
  }
  const [first] = upstreams.keys();
  const listeners = listenersOf(options).map(
    ([name, { filters = [], routes, tls, httpConnectionManager, accessLog, accessLoggers, tcp }]) => {
      if (tcp) return tcpListener({ name, ...tcp, cluster: tcpCluster(name, tcp, upstreams), ...(tls ? { tls } : {}) });
      const used = routes ?? (first === undefined ? undefined : [route(first)]);
      return httpListener({
        name,
        filters,
        ...(used ? { routes: used } : {}),
        ...(tls ? { tls } : {}),
        ...(httpConnectionManager ? { httpConnectionManager } : {}),
        ...(accessLoggers ? { accessLoggers } : {}),
        accessLog: { path: join(runDir, "access.log"), ...(accessLog ? { fields: accessLog } : {}) },
      });
    },
  );
  const clusters = [...[...upstreams.values()].map((one) => clusterOf(one, options)), ...(options.clusters ?? [])];
  return { bootstrap: bootstrap(), listeners, clusters, updatable: true };
}

/** @throws MeshscriptError MS0407 when nothing says where its connections go */
export function tcpCluster(name: string, { cluster: given }: TcpOptions, upstreams: Iterable<[string, { protocol: string }]>): string {
  const found = given ?? [...upstreams].find(([, { protocol }]) => protocol === "tcp")?.[0];
  if (found !== undefined) return found;
  throw new MeshscriptError(
    diagnostic("MS0407", `the listener ${name} has no cluster: give \`tcp.cluster\`, or an upstream with \`protocol: "tcp"\``),
  );
}

/** Every listener with what it has of its own and what it takes from the options beside it. */
export function listenersOf(options: ChainOptions): [name: string, listener: ListenerOptions][] {
  const { listeners, filters, routes, httpConnectionManager, accessLog, accessLoggers, tls, tcp } = options;
  const shared = Object.fromEntries(
    Object.entries({ filters, routes, httpConnectionManager, accessLog, accessLoggers, tls, tcp }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as ListenerOptions;
  if (!listeners) return [["main", shared]];
  return Object.entries(listeners).map(([name, own]) => [name, { ...shared, ...own }]);
}

function clusterOf(upstream: Upstream, options: ChainOptions): ConfigObject {
  const over = options.upstreams?.[upstream.name]?.cluster;
  const { name, address, protocol } = upstream;
  return cluster({ name, endpoints: [address], protocol, ...(over ? { cluster: over } : {}) });
}

function planOf({ config, file }: LoadedConfig, options: EnvoyOptions, upstreams: ReadonlyMap<string, Upstream>): Plan {
  const resources = isObject(config["static_resources"]) ? config["static_resources"] : {};
  const listeners = objects(resources["listeners"]);
  const clusters = objects(resources["clusters"]);
  for (const upstream of upstreams.values()) {
    const existing = clusters.find(({ name }) => name === upstream.name);
    if (existing === undefined) clusters.push(clusterOf(upstream, options));
    // Loopback, whatever name the file resolves: the upstream stands in for the real service.
    else Object.assign(existing, { type: "STATIC", load_assignment: loadAssignment(upstream.name, [upstream.address]) });
  }
  clusters.push(...(options.clusters ?? []));
  if (options.ephemeralPorts) for (const listener of listeners) makeEphemeral(listener);

  const own = isObject(config["dynamic_resources"]);
  const { listeners: _listeners, clusters: _clusters, ...otherResources } = resources;
  const node = { id: "meshscript", cluster: "meshscript", ...(isObject(config["node"]) ? config["node"] : {}) };
  const withAdmin: ConfigObject = { ...config, node };
  if (options.ephemeralPorts || config["admin"] === undefined) {
    withAdmin["admin"] = { ...(isObject(config["admin"]) ? config["admin"] : {}), address: socketAddress() };
  }
  if (config["stats_flush_interval"] === undefined) withAdmin["stats_flush_on_admin"] ??= true;
  withAdmin["static_resources"] = own ? { ...otherResources, listeners, clusters } : otherResources;
  return {
    bootstrap: withAdmin,
    listeners: own ? [] : listeners,
    clusters: own ? [] : clusters,
    updatable: !own,
    ...(file ? { file } : {}),
  };
}

function makeEphemeral(listener: ConfigObject): void {
  const address = listener["address"];
  if (isObject(address) && isObject(address["socket_address"])) {
    address["socket_address"] = { ...address["socket_address"], address: "127.0.0.1", port_value: 0 };
  }
}

function objects(value: unknown): ConfigObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
