import type {
  AccessLogEntry,
  ChainOptions,
  ConfigObject,
  HttpRequest,
  NativeFilterSpec,
  PendingResponse,
  Responder,
  TcpConnection,
  TcpOptions,
  Upstream,
  UpstreamResponse,
  WasmFilterSpec,
} from "../../harness/index.ts";
import type { Script } from "./script.ts";

/** A filter that follows a script. */
export interface PluginSpec
  extends Partial<
    Pick<WasmFilterSpec, "failurePolicy" | "allowOnHeadersStopIteration" | "capabilities" | "environment" | "rootId" | "vmConfig" | "name">
  > {
  script: Script;
  /** What runs before there is a configuration: sections `create` and `start`. It travels in an environment variable. */
  boot?: Script;
  /** In front of its lines, when a chain has several. */
  label?: string;
  /** Plugins of a probe with the same letter share a VM [one VM for all]. */
  vm?: string;
}

export interface Probe {
  /** A sentence that says what is so. */
  name: string;
  /** The only filter, for short. */
  script?: Script;
  /** More about it. */
  plugin?: Omit<PluginSpec, "script">;
  /** Several filters. */
  plugins?: readonly (PluginSpec | NativeFilterSpec)[];
  /** Access loggers; of their script, `log` runs on the root. */
  accessLoggers?: readonly PluginSpec[];
  /** One after the other [one GET /]. */
  request?: HttpRequest | readonly HttpRequest[];
  /** How the upstream `app` answers [200 `hello` with its length]. */
  respond?: UpstreamResponse | ((running: Running) => Responder);
  /** Instead of the request: whatever it takes. */
  act?: (running: Running) => Promise<unknown>;
  /** Waits for this many lines that match, beside the end of every stream. */
  until?: string | readonly [line: string, count: number];
  /** How many streams of scripted filters end [requests times filters]. */
  ends?: number;
  /** How many access log entries come [one a request]. */
  logged?: number;
  /** The filters are network filters in front of the upstream `tcp`; `act` connects. */
  tcp?: TcpOptions;
  routes?: readonly ConfigObject[];
  httpConnectionManager?: ConfigObject;
  /** Further fields of the access log that the golden shall show. */
  accessLog?: Record<string, string>;
  /** The body is so large that its chunks differ from run to run. */
  chunks?: "any";
  /** Upstreams of which nobody knows what has reached them: requests that were given up at once. */
  hides?: readonly string[];
  /** Needs a fresh host of its own: it updates the configuration or breaks something for others. */
  alone?: true;
}

/** What a probe may do while it runs. */
export interface Running {
  readonly target: Target;
  /** Sends a request whose outcome becomes part of the result; never rejects. */
  request(request?: HttpRequest): Promise<void> & { abort(): void };
  /** Connects; what the client got, and how it ended, become part of the result. */
  connect(): TcpConnection;
  /** The next connection that the upstream `tcp` accepts. */
  accepted(): Promise<TcpConnection>;
  /** Resolves when `count` lines of the module match. */
  line(pattern: string, count?: number): Promise<void>;
  /** Adds a line to the result. */
  note(text: string): void;
}

/** A host with the chain of one probe. */
export interface Target {
  request(request: HttpRequest): PendingResponse;
  connect(): TcpConnection;
  upstream(name: string): Pick<Upstream, "arrivals" | "received" | "respond" | "clear" | "connections">;
  /** What the modules on the worker logged for this probe so far. */
  lines(): string[];
  /** Resolves when `enough` says so of the lines; rejects with what came after the timeout. Virtual time passes meanwhile. */
  wait(enough: (lines: readonly string[]) => boolean, timeout?: number): Promise<void>;
  /** Resolves when something is so; rejects with the lines after the timeout. */
  until(holds: () => boolean): Promise<void>;
  accessLog(count: number): Promise<AccessLogEntry[]>;
  update(change: ChainOptions): Promise<void>;
  stop(): Promise<void>;
}

/** Opens a host for a probe. */
export type Open = (probe: Probe, id: string) => Promise<Target>;

/** Probes about one thing; the goldens are in `golden/<topic>.txt`. */
export interface Topic {
  topic: string;
  probes: readonly Probe[];
}
