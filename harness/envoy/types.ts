import type { Identity, Trust } from "../identities/types.ts";
import type { Provisioned } from "../provision/provision.ts";
import type { UpstreamSpec } from "../upstreams/types.ts";

/** A piece of Envoy configuration: Envoy's own field names in snake_case, as in its documentation. */
export interface ConfigObject {
  [key: string]: unknown;
}

/** A proxy-wasm filter in the chain. */
export interface WasmFilterSpec {
  /** The plugin's name: in logs, in stats and as the property `plugin_name`. */
  name: string;
  /** Path of the module, relative to the working directory. */
  wasm: string;
  /** The plugin configuration: text as it is, anything else as JSON [none, which is an empty buffer in the module]. */
  config?: unknown;
  /** [""] */
  rootId?: string;
  /** Plugins with the same vm_id, code and VM configuration share one VM per worker [`meshscript.<name>`]. */
  vmId?: string;
  /** The VM configuration: text as it is, anything else as JSON [none]. */
  vmConfig?: unknown;
  /** Environment variables of the VM: the place for secrets, since config dumps show the configuration [none]. */
  environment?: Record<string, string>;
  /** Names of environment variables that the VM has as Envoy's process has them [none]. */
  hostEnvironment?: readonly string[];
  /** [FAIL_CLOSED] */
  failurePolicy?: "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";
  /** Lets StopIteration in a headers callback still deliver the body [Envoy's default, false]. */
  allowOnHeadersStopIteration?: boolean;
  /** The only host calls and callbacks that the module may use; the lifecycle callbacks are added [all]. */
  capabilities?: readonly string[];
}

/** A filter of Envoy's own. */
export interface NativeFilterSpec {
  name: string;
  /** With its `@type`. */
  typedConfig: ConfigObject;
}

export type FilterSpec = WasmFilterSpec | NativeFilterSpec;

/** How a listener speaks TLS. */
export interface DownstreamTls {
  /** What it presents. */
  identity: Identity;
  /** Whose client certificates it takes [the identity's own trust bundle]. */
  trust?: Trust;
  /**
   * `optional` takes clients without a certificate, and refuses those with one that does not verify; `none` does not ask for one
   * [required, as between sidecars].
   */
  clientCertificate?: "none" | "optional" | "required";
  /** Only clients with one of these SPIFFE IDs [any that verifies]. */
  expectedSpiffeIds?: readonly string[];
  /** What it offers by ALPN [h2, http/1.1]. */
  alpn?: readonly string[];
}

/** How a cluster speaks TLS. */
export interface UpstreamTls {
  /** What it presents when it is asked [nothing]. */
  identity?: Identity;
  /** Whose server certificates it takes [the identity's own trust bundle]. */
  trust?: Trust;
  /** The server name that it asks for [none]. */
  sni?: string;
  /** Only servers with one of these SPIFFE IDs [any that verifies: in a mesh, always give it]. */
  expectedSpiffeIds?: readonly string[];
}

/** A listener that passes bytes on. */
export interface TcpOptions {
  /** Network filters in order, in front of `tcp_proxy` [none]. */
  filters?: readonly FilterSpec[];
  /** Where its connections go [the first upstream that speaks `tcp`]. */
  cluster?: string;
  /** Merged over our TcpProxy, e.g. `{ idle_timeout: "1s" }` [nothing]. */
  tcpProxy?: ConfigObject;
}

/** One listener. */
export interface ListenerOptions {
  /** Makes it a TCP listener: of the other fields only `tls` counts then [HTTP]. */
  tcp?: TcpOptions;
  /** Filters in order, in front of the router [none]. */
  filters?: readonly FilterSpec[];
  /** Envoy route objects [prefix "/" to the first upstream; without upstreams a direct response 200]. */
  routes?: readonly ConfigObject[];
  /** Merged over our HttpConnectionManager: objects deeply, everything else replaced. */
  httpConnectionManager?: ConfigObject;
  /** Further fields of the JSON access log: name to Envoy format string, e.g. `{ verdict: "%FILTER_STATE(wasm.verdict:PLAIN)%" }` [none]. */
  accessLog?: Record<string, string>;
  /** Wasm access loggers in order, behind our own access log: the root of each hears of every stream (`onLogOnly` in the SDK) [none]. */
  accessLoggers?: readonly WasmFilterSpec[];
  /**
   * The listener speaks TLS with this identity [plain]. With `update()` it rotates: new connections get the new certificate, streams of old ones
   * have `drainSeconds` to end.
   */
  tls?: DownstreamTls;
}

/** What `openEnvoy` and `update` can build listeners from: one called `main`, or several by name. */
export interface ChainOptions extends ListenerOptions {
  /** Listeners by name, instead of the one that the fields beside this describe; what a listener leaves out, it takes from there. */
  listeners?: Record<string, ListenerOptions>;
  /**
   * Upstreams by name, started and stopped with this Envoy; the first is the default route. With `config`, a cluster of that name is
   * pointed at the upstream and its other settings stay.
   */
  upstreams?: Record<string, UpstreamSpec>;
  /** Further clusters, for example one that points nowhere [none]. */
  clusters?: readonly ConfigObject[];
}

export interface EnvoyOptions extends ChainOptions {
  /**
   * A complete bootstrap instead of `filters`: the path of a .yaml or .json file, a file URL, the text itself, or an object. Its static
   * listeners and clusters are handed over through files that Envoy watches, so that `update()` works for it too.
   */
  config?: string | URL | ConfigObject;
  /** Lets a `config` with fixed ports run beside others: every listener and the admin get port 0 on loopback [false]. */
  ephemeralPorts?: boolean;
  /** The binaries to run, e.g. to test with several versions of Envoy [`provision()`]. */
  tools?: Provisioned;
  /** Worker threads [1]. */
  concurrency?: number;
  /** Envoy's log level [info]. */
  logLevel?: string;
  /** Levels of single components, e.g. `wasm:debug,http:trace` [wasm:debug, so that every log call of a module is heard]. */
  componentLogLevel?: string;
  /** Seconds that the old listener's streams get after an update [2]. */
  drainSeconds?: number;
  /** Where this Envoy's files go [a fresh directory below the cache, removed by `stop()` unless something failed]. */
  runDir?: string;
  /** Working directory of Envoy, for relative paths in the configuration [process.cwd()]. */
  cwd?: string;
  /** Added to the environment of Envoy. */
  env?: Record<string, string>;
  /** Further arguments for Envoy. */
  args?: readonly string[];
  /** Envoy may end without `stop()`: set it in a test that makes it do so; otherwise `stop()` rejects with MS0405 [false]. */
  mayEnd?: boolean;
  /** Milliseconds until Envoy must be ready [20000]. */
  startTimeout?: number;
  /** Stops the start, and the running Envoy, when aborted. */
  signal?: AbortSignal;
}
