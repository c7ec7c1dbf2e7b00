import { resolve } from "node:path";
import type { UpstreamProtocol } from "../upstreams/types.ts";
import { downstreamTls, tlsInspector, upstreamTls } from "./tls.ts";
import type { ConfigObject, DownstreamTls, FilterSpec, TcpOptions, UpstreamTls, WasmFilterSpec } from "./types.ts";

const TYPE = "type.googleapis.com";
const HTTP_PROTOCOL_OPTIONS = `${TYPE}/envoy.extensions.upstreams.http.v3.HttpProtocolOptions`;

/** Host and port of a socket. */
export interface Address {
  host: string;
  port: number;
}

/** Objects deeply, everything else replaced; the second wins. `undefined` removes nothing. */
export function merge(base: ConfigObject, over: ConfigObject | undefined): ConfigObject {
  const result: ConfigObject = { ...base };
  for (const [key, value] of Object.entries(over ?? {})) {
    const old = result[key];
    result[key] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return result;
}

export function isObject(value: unknown): value is ConfigObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A socket address [127.0.0.1, port 0: the kernel chooses]. */
export function socketAddress({ host = "127.0.0.1", port = 0 }: Partial<Address> = {}): ConfigObject {
  return { socket_address: { address: host, port_value: port } };
}

/** Text stays as it is, undefined is absent, anything else becomes JSON: how proxy-wasm configurations travel. */
function stringValue(value: unknown): ConfigObject | undefined {
  if (value === undefined) return undefined;
  return { "@type": `${TYPE}/google.protobuf.StringValue`, value: typeof value === "string" ? value : JSON.stringify(value) };
}

/**
 * The HTTP filter entry of a wasm module.
 * @example
 * wasmFilter({ name: "tracing", wasm: "build/tracing.wasm", config: { mode: "enforce" } });
 */
export function wasmFilter(spec: WasmFilterSpec): ConfigObject {
  return wasmEntry(spec, "http");
}

function wasmEntry(spec: WasmFilterSpec, kind: "http" | "network"): ConfigObject {
  const vmConfig = stringValue(spec.vmConfig);
  const configuration = stringValue(spec.config);
  return {
    name: spec.name,
    typed_config: {
      "@type": `${TYPE}/envoy.extensions.filters.${kind}.wasm.v3.Wasm`,
      config: {
        name: spec.name,
        root_id: spec.rootId ?? "",
        failure_policy: spec.failurePolicy ?? "FAIL_CLOSED",
        ...(spec.allowOnHeadersStopIteration === undefined ? {} : { allow_on_headers_stop_iteration: spec.allowOnHeadersStopIteration }),
        ...(configuration ? { configuration } : {}),
        vm_config: {
          vm_id: spec.vmId ?? `meshscript.${spec.name}`,
          runtime: "envoy.wasm.runtime.v8",
          code: { local: { filename: resolve(spec.wasm) } },
          ...(vmConfig ? { configuration: vmConfig } : {}),
          ...environmentOf(spec),
          // On the VM: the field of the same name on the plugin is deprecated (envoy-1.40-verified, 13).
          ...(spec.capabilities ? { capability_restriction_config: { allowed_capabilities: capabilityMap(spec.capabilities) } } : {}),
        },
      },
    },
  };
}

function environmentOf({ environment, hostEnvironment }: WasmFilterSpec): ConfigObject {
  if (!environment && !hostEnvironment) return {};
  const host = hostEnvironment ? { host_env_keys: hostEnvironment } : {};
  return { environment_variables: { ...host, ...(environment ? { key_values: environment } : {}) } };
}

/**
 * What a list always holds: left out, Envoy runs the module unconfigured, in silence, or takes a configuration that the module would refuse
 * (observed on 1.40).
 */
const LIFECYCLE = ["proxy_on_vm_start", "proxy_on_configure", "proxy_on_context_create", "proxy_on_delete"];

function capabilityMap(names: readonly string[]): ConfigObject {
  return Object.fromEntries([...new Set([...names, ...LIFECYCLE])].map((name) => [name, {}]));
}

/** The entry of any filter in a chain. */
export function httpFilter(spec: FilterSpec): ConfigObject {
  return "wasm" in spec ? wasmFilter(spec) : { name: spec.name, typed_config: spec.typedConfig };
}

/**
 * The entry of a wasm module in a list of access loggers.
 * @example
 * httpListener({ httpConnectionManager: { access_log: [wasmAccessLogger({ name: "audit", wasm: "build/audit.wasm" })] } });
 */
export function wasmAccessLogger(spec: WasmFilterSpec): ConfigObject {
  const { config } = wasmFilter(spec)["typed_config"] as ConfigObject;
  return {
    name: "envoy.access_loggers.wasm",
    typed_config: { "@type": `${TYPE}/envoy.extensions.access_loggers.wasm.v3.WasmAccessLog`, config },
  };
}

/** The entry of a filter in a chain of network filters. */
function networkFilter(spec: FilterSpec): ConfigObject {
  return "wasm" in spec ? wasmEntry(spec, "network") : { name: spec.name, typed_config: spec.typedConfig };
}

/** The router, which ends every chain. */
export function routerFilter(): ConfigObject {
  return { name: "envoy.filters.http.router", typed_config: { "@type": `${TYPE}/envoy.extensions.filters.http.router.v3.Router` } };
}

export interface ClusterOptions {
  name: string;
  /** Where it connects to; several are balanced round robin. */
  endpoints: readonly Address[];
  /** What the upstream speaks; `h2c` is HTTP/2, also over TLS; `tcp` is anything [http/1.1]. */
  protocol?: UpstreamProtocol;
  /** Speaks TLS to the endpoints [plain]. */
  tls?: UpstreamTls;
  /** In Envoy's own format, which is seconds: `0.25s`, not `250ms` [1s]. */
  connectTimeout?: string;
  /** Merged over the result. */
  cluster?: ConfigObject;
}

/**
 * A static cluster that passes trailers on.
 * @example
 * cluster({ name: "reviews", endpoints: [upstream.address] });
 * cluster({ name: "reviews", endpoints, tls: { identity: productpage, expectedSpiffeIds: ["spiffe://cluster.local/ns/default/sa/reviews"] } });
 */
export function cluster({
  name,
  endpoints,
  protocol = "http/1.1",
  connectTimeout = "1s",
  tls,
  cluster: over,
}: ClusterOptions): ConfigObject {
  const http = protocol === "h2c" ? { http2_protocol_options: {} } : { http_protocol_options: { enable_trailers: true } };
  return merge(
    {
      name,
      type: "STATIC",
      connect_timeout: connectTimeout,
      load_assignment: loadAssignment(name, endpoints),
      ...(protocol === "tcp"
        ? {}
        : {
            typed_extension_protocol_options: {
              "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": { "@type": HTTP_PROTOCOL_OPTIONS, explicit_http_config: http },
            },
          }),
      ...(tls ? { transport_socket: upstreamTls(tls, ALPN[protocol]) } : {}),
    },
    over,
  );
}

const ALPN: Record<UpstreamProtocol, string[]> = { "http/1.1": ["http/1.1"], h2c: ["h2"], tcp: [] };

/** The endpoints of a cluster. */
export function loadAssignment(name: string, endpoints: readonly Address[]): ConfigObject {
  const lbEndpoints = endpoints.map((address) => ({ endpoint: { address: socketAddress(address) } }));
  return { cluster_name: name, endpoints: [{ lb_endpoints: lbEndpoints }] };
}

/**
 * A route of everything below a prefix to a cluster.
 * @example
 * route("reviews", { match: { prefix: "/reviews" }, route: { timeout: "2s" } });
 */
export function route(clusterName: string, over?: ConfigObject): ConfigObject {
  // A match is one of prefix, path, regex ...: the default must not be merged into another.
  return merge({ ...(over?.["match"] === undefined ? { match: { prefix: "/" } } : {}), route: { cluster: clusterName } }, over);
}

export interface HttpListenerOptions {
  /** [main] */
  name?: string;
  /** [127.0.0.1, port 0] */
  address?: Partial<Address>;
  filters?: readonly FilterSpec[];
  /** Speaks TLS [plain]. */
  tls?: DownstreamTls;
  /** [a direct response 200 for everything] */
  routes?: readonly ConfigObject[];
  /** Instead of `routes`. */
  virtualHosts?: readonly ConfigObject[];
  /** Path of the JSON access log, and further fields [no access log]. */
  accessLog?: { path: string; fields?: Record<string, string> };
  /** Wasm access loggers, behind that [none]. */
  accessLoggers?: readonly WasmFilterSpec[];
  /** [the name] */
  statPrefix?: string;
  /** Merged over the HttpConnectionManager. */
  httpConnectionManager?: ConfigObject;
  /** Merged over the listener, e.g. `{ traffic_direction: "INBOUND" }`. */
  listener?: ConfigObject;
}

/**
 * A listener for HTTP/1.1 and HTTP/2, with TLS or without: filters, then the router.
 *
 * Its stream idle timeout is 15 s instead of Envoy's 5 minutes, because a stream that is paused when its VM traps is freed by nothing
 * else (envoy-1.40-verified, section 0 row 4).
 * @example
 * httpListener({ name: "inbound", filters: [{ name: "tracing", wasm: "build/tracing.wasm" }], routes: [route("app")] });
 */
export function httpListener(options: HttpListenerOptions = {}): ConfigObject {
  const { name = "main", filters = [], accessLog, accessLoggers = [], tls } = options;
  const loggers = [...(accessLog ? [fileAccessLog(accessLog.path, accessLog.fields)] : []), ...accessLoggers.map(wasmAccessLogger)];
  const routes = options.routes ?? [{ match: { prefix: "/" }, direct_response: { status: 200 } }];
  const manager = merge(
    {
      "@type": `${TYPE}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: options.statPrefix ?? name,
      codec_type: "AUTO",
      stream_idle_timeout: "15s",
      http_protocol_options: { enable_trailers: true },
      ...(loggers.length > 0 ? { access_log: loggers } : {}),
      route_config: { name, virtual_hosts: options.virtualHosts ?? [{ name, domains: ["*"], routes }] },
      http_filters: [...filters.map(httpFilter), routerFilter()],
    },
    options.httpConnectionManager,
  );
  return merge(
    {
      name,
      address: socketAddress(options.address),
      ...(tls ? { listener_filters: [tlsInspector()] } : {}),
      filter_chains: [
        {
          filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }],
          ...(tls ? { transport_socket: downstreamTls(tls) } : {}),
        },
      ],
    },
    options.listener,
  );
}

export interface TcpListenerOptions extends TcpOptions {
  /** [main] */
  name?: string;
  /** [127.0.0.1, port 0] */
  address?: Partial<Address>;
  cluster: string;
  /** Speaks TLS [plain]. */
  tls?: DownstreamTls;
  /** Merged over the listener. */
  listener?: ConfigObject;
}

/**
 * A listener for bytes: network filters, then `tcp_proxy`.
 * @example
 * tcpListener({ name: "db", filters: [{ name: "guard", wasm: "build/guard.wasm" }], cluster: "postgres" });
 */
export function tcpListener({
  name = "main",
  filters = [],
  cluster: to,
  tcpProxy,
  address,
  tls,
  listener,
}: TcpListenerOptions): ConfigObject {
  const proxy = merge(
    { "@type": `${TYPE}/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: name, cluster: to },
    tcpProxy,
  );
  return merge(
    {
      name,
      address: socketAddress(address),
      ...(tls ? { listener_filters: [tlsInspector()] } : {}),
      filter_chains: [
        {
          filters: [...filters.map(networkFilter), { name: "envoy.filters.network.tcp_proxy", typed_config: proxy }],
          ...(tls ? { transport_socket: downstreamTls(tls) } : {}),
        },
      ],
    },
    listener,
  );
}

/** What an entry of our access log holds: field to Envoy format string. */
export const accessLogFields: Readonly<Record<string, string>> = {
  time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  authority: "%REQ(:AUTHORITY)%",
  protocol: "%PROTOCOL%",
  status: "%RESPONSE_CODE%",
  details: "%RESPONSE_CODE_DETAILS%",
  flags: "%RESPONSE_FLAGS%",
  duration: "%DURATION%",
  bytesReceived: "%BYTES_RECEIVED%",
  bytesSent: "%BYTES_SENT%",
  route: "%ROUTE_NAME%",
  cluster: "%UPSTREAM_CLUSTER%",
};

/** An access log of one JSON object per line. */
export function fileAccessLog(path: string, fields: Record<string, string> = {}): ConfigObject {
  const json = { ...accessLogFields, ...fields };
  const format = { json_format: json, omit_empty_values: true };
  return {
    name: "envoy.access_loggers.file",
    typed_config: { "@type": `${TYPE}/envoy.extensions.access_loggers.file.v3.FileAccessLog`, path, log_format: format },
  };
}

export interface BootstrapOptions {
  listeners?: readonly ConfigObject[];
  clusters?: readonly ConfigObject[];
  /** [id `meshscript`, cluster `meshscript`] */
  node?: ConfigObject;
  /** Merged over the result. */
  bootstrap?: ConfigObject;
}

/**
 * A complete bootstrap with static listeners and clusters, admin on loopback port 0. Histograms are merged whenever the admin is asked,
 * so that a test need not wait for a flush.
 * @example
 * await openEnvoy({ config: bootstrap({ listeners: [inbound, outbound], clusters }) });
 */
export function bootstrap(options: BootstrapOptions = {}): ConfigObject {
  return merge(
    {
      node: { id: "meshscript", cluster: "meshscript", ...options.node },
      admin: { address: socketAddress() },
      stats_flush_on_admin: true,
      static_resources: { listeners: [...(options.listeners ?? [])], clusters: [...(options.clusters ?? [])] },
    },
    options.bootstrap,
  );
}
