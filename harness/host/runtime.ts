import { type DiagnosticCode, MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { isObject } from "../envoy/builders.ts";
import { listenersOf, tcpCluster } from "../envoy/plan.ts";
import type { ChainOptions, ConfigObject, FilterSpec, ListenerOptions } from "../envoy/types.ts";
import { accessLogFormat } from "./access-log.ts";
import { CallbackLimit } from "./callback-limit.ts";
import type { Chain } from "./chain.ts";
import { VirtualClock } from "./clock.ts";
import type { CallState, HostCore, NodeInfo } from "./core.ts";
import { notInHost } from "./failure.ts";
import { FaultPoints } from "./faults.ts";
import { ForeignFunctions } from "./foreign.ts";
import { HostLogs } from "./logs.ts";
import { EventLoop } from "./loop.ts";
import { Outside } from "./outside.ts";
import { type HostPlugin, Plugin } from "./plugins/plugin.ts";
import { Thread } from "./plugins/thread.ts";
import { SeededRandom } from "./random.ts";
import { Callouts } from "./router/callouts.ts";
import { type Cluster, readCluster } from "./router/cluster.ts";
import { HostUpstream } from "./router/host-upstream.ts";
import { RouteTable, known } from "./router/route.ts";
import { SharedData } from "./shared/data.ts";
import { MetricStore } from "./shared/metrics.ts";
import { SharedQueues } from "./shared/queues.ts";
import type { ListenerSettings } from "./stream/stream.ts";
import type { HostOptions } from "./types.ts";
import { LoadError } from "./vm/compiled.ts";

/** Envoy's default for a listener's `per_connection_buffer_limit_bytes`. */
const BUFFER_LIMIT = 1 << 20;
/** What `httpListener` sets. */
const STREAM_IDLE_TIMEOUT = "15s";

/** Everything behind the host's verbs: threads, stores, clusters, the listener's chain. */
export class Runtime implements HostCore {
  readonly state: CallState = { current: undefined, callback: "", effective: 0, counter: undefined };
  readonly loop = new EventLoop();
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly logs: HostLogs;
  readonly faults = new FaultPoints();
  readonly data = new SharedData();
  readonly queues = new SharedQueues();
  readonly metrics = new MetricStore();
  readonly foreign: ForeignFunctions;
  readonly callouts: Callouts;
  readonly node: NodeInfo;
  readonly main: Thread;
  readonly workers: readonly Thread[];
  readonly upstreams = new Map<string, HostUpstream>();
  private chains = new Map<string, Chain>();
  readonly outside = new Outside();
  /** Around everything that enters modules. */
  readonly limit: CallbackLimit;
  private clusters = new Map<string, Cluster>();
  private readonly counters = new Map<string, number>();

  /** @param wake called when a promise of a responder has posted something */
  constructor(
    options: HostOptions,
    private readonly wake: () => void,
  ) {
    this.clock = new VirtualClock(new Date(options.now ?? "2026-01-01T00:00:00Z").getTime());
    this.random = new SeededRandom(options.seed ?? "meshscript");
    this.logs = new HostLogs(this.clock, options.componentLogLevel);
    this.foreign = new ForeignFunctions(options.foreignFunctions);
    this.callouts = new Callouts(this.clock, this.loop, (name) => this.clusters.get(name));
    this.node = {
      id: options.node?.id ?? "meshscript",
      cluster: options.node?.cluster ?? "meshscript",
      metadata: options.node?.metadata ?? {},
    };
    this.limit = new CallbackLimit(options.callbackLimit, this.state);
    this.main = new Thread(this, 0);
    const count = options.workers ?? options.concurrency ?? 1;
    if (!Number.isInteger(count) || count < 1)
      throw new MeshscriptError(diagnostic("MS0407", `workers must be a whole number above 0, got ${count}`));
    this.workers = Array.from({ length: count }, (_, i) => new Thread(this, i + 1));
  }

  /** Takes a configuration whole, or none of it. @throws MeshscriptError with this code */
  configure(options: HostOptions, code: DiagnosticCode): void {
    known(options as ConfigObject, optionNames, "openHost");
    const upstreams = new Map(this.upstreams);
    for (const [name, spec] of Object.entries(options.upstreams ?? {})) {
      // Settings of the connection to the upstream, which there is none of here; what they do to a request is another thing.
      known(spec.cluster ?? {}, ["typed_extension_protocol_options", "connect_timeout"], `the cluster of upstream ${name}`);
      const there = upstreams.get(name);
      if (there) {
        if (spec.respond) there.respond(spec.respond);
        continue;
      }
      const address = { host: "127.0.0.1", port: spec.port || 10_001 + upstreams.size };
      upstreams.set(
        name,
        new HostUpstream(name, spec, address, {
          loop: this.loop,
          clock: this.clock,
          logs: this.logs,
          outside: this.outside,
          wake: this.wake,
        }),
      );
    }
    const clusters = new Map<string, Cluster>();
    for (const upstream of upstreams.values()) clusters.set(upstream.name, { kind: "upstream", name: upstream.name, upstream });
    for (const config of options.clusters ?? []) clusters.set(String(config["name"]), readCluster(config, upstreams));
    const listeners = listenersOf(withFilters(options)).map(([name, one]) => {
      const settings = settingsOf(name, one, options, upstreams, clusters);
      // Envoy makes these first.
      const loggers: readonly HostPlugin[] = one.tcp ? [] : (one.accessLoggers ?? []);
      return { name, one, settings, accessLog: accessLogFormat(one.accessLog ?? {}), loggers, wanted: [...loggers, ...pluginsOf(one)] };
    });
    const before = this.clusters;
    // Plugins may call out while they are configured.
    this.clusters = clusters;
    let plugins: Plugin[];
    try {
      const wanted = listeners.flatMap((listener) => listener.wanted);
      plugins = this.limit.run(() => this.load(wanted, code));
    } catch (error) {
      this.clusters = before;
      throw error;
    }
    for (const [name, upstream] of upstreams) this.upstreams.set(name, upstream);
    let at = 0;
    this.chains = new Map(
      listeners.map(({ name, one, settings, accessLog, loggers, wanted }, i) => {
        const accessLoggers = plugins.slice(at, at + loggers.length);
        const own = plugins.slice(at + loggers.length, at + wanted.length);
        at += wanted.length;
        const address = { host: "127.0.0.1", port: 10_000 + i };
        const chain: Chain = {
          name,
          plugins: own,
          accessLoggers,
          names: own.map(({ spec }) => spec.name),
          settings,
          address,
          authority: `${address.host}:${address.port}`,
          tls: one.tls,
          tcp: one.tcp && { cluster: clusters.get(tcpCluster(name, one.tcp, upstreams)) },
          ...managerSettings(one.httpConnectionManager ?? {}),
          accessLog,
        };
        return [name, chain];
      }),
    );
    for (const thread of [this.main, ...this.workers]) thread.retain(plugins);
    if (plugins.length === 0) this.metrics.clear();
  }

  /** @param listener [main, or the first] @throws MeshscriptError MS0407 with the names that exist */
  chain(listener?: string): Chain {
    const found = listener === undefined ? (this.chains.get("main") ?? [...this.chains.values()][0]) : this.chains.get(listener);
    if (found) return found;
    const names = [...this.chains.keys()].join(", ");
    throw new MeshscriptError(diagnostic("MS0407", `no listener ${JSON.stringify(listener)}; there are: ${names}`));
  }

  /** Tries each plugin in a VM of its own first, as Envoy does; then on the main thread, then on every worker. */
  private load(wanted: readonly HostPlugin[], code: DiagnosticCode): Plugin[] {
    const mark = this.logs.mark;
    const plugins = wanted.map((one) => {
      try {
        return new Plugin(one);
      } catch (error) {
        if (error instanceof LoadError) throw this.refused(code, one.name ?? String(one.wasm), error.message, mark);
        throw error;
      }
    });
    for (const plugin of new Map(plugins.map((one) => [one.key, one])).values()) {
      const canary = new Thread(this, 0, false);
      const accepted = canary.load(plugin);
      const failure = canary.all[0]?.failure;
      canary.stop();
      if (!accepted) {
        throw this.refused(code, plugin.spec.name, failure ? failure.log : "Failed to configure base Wasm plugin", mark);
      }
    }
    for (const thread of [this.main, ...this.workers]) for (const plugin of plugins) thread.load(plugin);
    return plugins;
  }

  private refused(code: DiagnosticCode, name: string, reason: string, mark: number): MeshscriptError {
    const what = code === "MS0403" ? "Envoy rejected the update and keeps the old configuration" : "Envoy rejected the configuration";
    const said = this.logs.since(mark);
    return new MeshscriptError(diagnostic(code, `${what}: Unable to create Wasm plugin ${name}: ${reason}`, { notes: said.slice(-20) }));
  }

  count(stat: string): void {
    this.counters.set(stat, (this.counters.get(stat) ?? 0) + 1);
  }

  vmGone(vmId: string): void {
    if ([this.main, ...this.workers].some((thread) => thread.vmIds.has(vmId))) return;
    this.data.drop(vmId);
    this.queues.drop(vmId);
  }

  stats(): Map<string, number> {
    const stats = new Map<string, number>(this.counters);
    for (const metric of this.metrics.all()) if (metric.type !== "histogram") stats.set(`wasmcustom.${metric.name}`, Number(metric.value));
    // Envoy counts the canary's clone beside the base VM.
    const vms = this.main.all.length;
    stats.set("wasm.envoy.wasm.runtime.v8.active", vms * (this.workers.length + 2));
    for (const [prefix, count] of this.active()) stats.set(`http.${prefix}.downstream_rq_active`, count);
    return stats;
  }

  /** Streams that are open, by `stat_prefix`; set by the host. */
  active: () => ReadonlyMap<string, number> = () => new Map();

  stop(): void {
    for (const thread of [this.main, ...this.workers]) thread.stop();
    this.logs.end();
  }
}

/** `plugins` is what this host calls them, `filters` what an Envoy's chain does: both mean the same. */
function withFilters(options: HostOptions): ChainOptions {
  const { plugins, filters } = options;
  if (plugins && filters) throw notInHost("give `plugins` or `filters`, not both: they mean the same");
  return plugins ? { ...options, filters: plugins as readonly FilterSpec[] } : options;
}

function pluginsOf({ filters = [], tcp, tls }: ListenerOptions): HostPlugin[] {
  if (tcp && tls) throw notInHost("TLS of a TCP listener");
  if (tcp) known(tcp as ConfigObject, ["filters", "cluster"], "tcp");
  return (tcp ? (tcp.filters ?? []) : filters).map((spec) => {
    if ("wasm" in spec) return spec;
    throw notInHost(
      `${spec.name} is a filter of Envoy's own, which the in-process host does not have: set \`metadata\`, \`filterState\` or routes instead`,
    );
  });
}

const optionNames = [
  ...[
    "plugins",
    "filters",
    "listeners",
    "routes",
    "upstreams",
    "clusters",
    "httpConnectionManager",
    "accessLog",
    "accessLoggers",
    "tls",
    "workers",
    "concurrency",
  ],
  ...[
    "drainSeconds",
    "seed",
    "now",
    "onHang",
    "componentLogLevel",
    "node",
    "foreignFunctions",
    "listenerMetadata",
    "mayEnd",
    "callbackLimit",
    "tcp",
  ],
];

const managerFields = [
  ...[
    "stat_prefix",
    "stream_idle_timeout",
    "request_timeout",
    "server_name",
    "delayed_close_timeout",
    "http_protocol_options",
    "route_config",
  ],
  ...["common_http_protocol_options", "generate_request_id", "max_request_headers_kb", "use_remote_address", "xff_num_trusted_hops"],
];

/** What the connection manager's settings mean for a new stream. */
function managerSettings(manager: ConfigObject) {
  const common = isObject(manager["common_http_protocol_options"]) ? manager["common_http_protocol_options"] : {};
  known(common, ["max_headers_count"], "common_http_protocol_options");
  known(isObject(manager["http_protocol_options"]) ? manager["http_protocol_options"] : {}, ["enable_trailers"], "http_protocol_options");
  return {
    limits: { count: Number(common["max_headers_count"] ?? 100), bytes: Number(manager["max_request_headers_kb"] ?? 60) * 1024 },
    requestId: manager["generate_request_id"] !== false,
    forwarding: { useRemoteAddress: manager["use_remote_address"] === true, trustedHops: Number(manager["xff_num_trusted_hops"] ?? 0) },
  };
}

function seconds(value: unknown, fallback: string): number {
  return Number(String(value ?? fallback).replace(/s$/, "")) * 1000;
}

function settingsOf(
  name: string,
  listener: ListenerOptions,
  options: HostOptions,
  upstreams: ReadonlyMap<string, HostUpstream>,
  clusters: ReadonlyMap<string, Cluster>,
): ListenerSettings {
  const manager: ConfigObject = listener.httpConnectionManager ?? {};
  known(manager, managerFields, "httpConnectionManager");
  const [first] = upstreams.keys();
  const fallback = first === undefined ? { direct_response: { status: 200 } } : { route: { cluster: first } };
  const host = isObject(manager["route_config"]) ? virtualHost(manager["route_config"]) : undefined;
  const routes = host?.routes ?? listener.routes ?? [{ match: { prefix: "/" }, ...fallback }];
  return {
    streamIdleTimeoutMs: seconds(manager["stream_idle_timeout"], STREAM_IDLE_TIMEOUT),
    requestTimeoutMs: seconds(manager["request_timeout"], "0s"),
    trailers: !isObject(manager["http_protocol_options"]) || manager["http_protocol_options"]["enable_trailers"] !== false,
    statPrefix: String(manager["stat_prefix"] ?? name),
    serverName: String(manager["server_name"] ?? "envoy"),
    bufferLimit: BUFFER_LIMIT,
    routes: new RouteTable(routes, { name: host?.name ?? name, metadata: host?.metadata ?? {} }),
    cluster: (cluster) => clusters.get(cluster),
    metadata: options.listenerMetadata ?? {},
    direction: 0,
  };
}

function virtualHost(routeConfig: ConfigObject) {
  const hosts = Array.isArray(routeConfig["virtual_hosts"]) ? routeConfig["virtual_hosts"].filter(isObject) : [];
  const [only] = hosts;
  if (!only || hosts.length > 1) throw notInHost("route_config: the in-process host takes one virtual host");
  const metadata = isObject(only["metadata"]) && isObject(only["metadata"]["filter_metadata"]) ? only["metadata"]["filter_metadata"] : {};
  return {
    name: String(only["name"]),
    routes: Array.isArray(only["routes"]) ? only["routes"].filter(isObject) : undefined,
    metadata: metadata as Record<string, Record<string, unknown>>,
  };
}
