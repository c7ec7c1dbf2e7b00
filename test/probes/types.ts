import type {
  AccessLogEntry,
  ChainOptions,
  ConfigObject,
  HttpRequest,
  NativeFilterSpec,
  PendingResponse,
  Responder,
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
  /** Resolves when `count` lines of the module match. */
  line(pattern: string, count?: number): Promise<void>;
  /** Adds a line to the result. */
  note(text: string): void;
}

/** A host with the chain of one probe. */
export interface Target {
  request(request: HttpRequest): PendingResponse;
  upstream(name: string): Pick<Upstream, "arrivals" | "received" | "respond" | "clear">;
  /** What the modules on the worker logged for this probe so far. */
  lines(): string[];
  /** Resolves when `enough` says so of the lines; rejects with what came after the timeout. Virtual time passes meanwhile. */
  wait(enough: (lines: readonly string[]) => boolean, timeout?: number): Promise<void>;
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
