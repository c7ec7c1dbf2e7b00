import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { type RawOptions, raw } from "../client/raw.ts";
import { send } from "../client/send.ts";
import { usesTls } from "../client/tls.ts";
import type { HttpRequest, PendingResponse } from "../client/types.ts";
import type { Provisioned } from "../provision/provision.ts";
import type { TcpConnection } from "../tcp/connection.ts";
import { connectTcp } from "../tcp/socket.ts";
import { Upstream } from "../upstreams/upstream.ts";
import { type AccessLogEntry, readAccessLog, waitForAccessLog } from "./access-log.ts";
import { AddedListeners } from "./added-listeners.ts";
import type { Admin, ListenerStatus, Quantiles } from "./admin.ts";
import type { Address } from "./builders.ts";
import { type FailureContext, envoyFailure } from "./failure.ts";
import type { Logs } from "./logs.ts";
import { type Plan, makePlan } from "./plan.ts";
import type { Ended, EnvoyProcess } from "./process.ts";
import { makeReport } from "./report.ts";
import type { RunDirectory } from "./run-directory.ts";
import { speaksTls } from "./tls.ts";
import type { ChainOptions, ConfigObject, EnvoyOptions } from "./types.ts";
import { Rejection, type XdsFiles } from "./xds.ts";

/** How long all workers get to take an update. */
const UPDATE_MS = 15_000;

export interface EnvoyRequest extends HttpRequest {
  /** The listener it goes to [main, or the only one, or the first]. */
  listener?: string;
}

/** What `update()` can change; what is not given stays. */
export type EnvoyUpdate = ChainOptions & Pick<EnvoyOptions, "config">;

/** What `openEnvoy` puts together. */
export interface EnvoyParts {
  options: EnvoyOptions;
  process: EnvoyProcess;
  admin: Admin;
  directory: RunDirectory;
  upstreams: Map<string, Upstream>;
  plan: Plan;
  xds: XdsFiles;
  provisioned: Provisioned;
  pid: number | undefined;
  listeners: ListenerStatus[];
}

/** A running Envoy. Made by `openEnvoy`. */
export class Envoy {
  private options: EnvoyOptions;
  private listeners: ListenerStatus[];
  /** What the listeners were made of; empty when the configuration brings its own xDS. */
  private configured: readonly ConfigObject[];
  private readonly added = new AddedListeners();
  private updating: Promise<unknown> = Promise.resolve();
  private stopping: Promise<void> | undefined;
  private reporting = false;
  private finalReport: Promise<string> | undefined;

  constructor(private readonly parts: EnvoyParts) {
    this.options = parts.options;
    this.listeners = parts.listeners;
    this.configured = parts.plan.listeners;
  }

  /** The process id of Envoy itself. */
  get pid(): number | undefined {
    return this.parts.pid;
  }

  /** The folder with the configuration and the logs. */
  get runDir(): string {
    return this.parts.directory.path;
  }

  /** Which binaries run, and notes for a person. */
  get provisioned(): Provisioned {
    return this.parts.provisioned;
  }

  /** Resolves when the process is gone, wanted or not. */
  get ended(): Promise<Ended> {
    return this.parts.process.ended;
  }

  /** Whether the process runs. */
  get running(): boolean {
    return this.parts.process.running;
  }

  /**
   * Where a listener accepts connections.
   * @param listener [main, or the first]
   * @throws MeshscriptError MS0407 with the names that exist.
   */
  address(listener?: string): Address {
    return this.status(listener).address;
  }

  /** Where all listeners accept connections, by name. */
  get listening(): ReadonlyMap<string, Address> {
    return new Map(this.listeners.map(({ name, address }) => [name, address]));
  }

  private status(listener?: string): ListenerStatus {
    const found = listener === undefined ? (this.find("main") ?? this.listeners[0]) : this.find(listener);
    if (found) return found;
    const names = this.listeners.map(({ name }) => name).join(", ") || "none";
    throw new MeshscriptError(diagnostic("MS0407", `no listener ${JSON.stringify(listener ?? "main")}; there are: ${names}`));
  }

  /** The base URL of the default listener. */
  get url(): string {
    const { name, address } = this.status();
    return `${this.isTls(name) ? "https" : "http"}://${address.host}:${address.port}`;
  }

  /** Of its admin interface. */
  get adminAddress(): Address {
    return this.parts.admin.address;
  }

  get adminUrl(): string {
    return this.parts.admin.url;
  }

  /**
   * Sends a request and reads the whole answer: over TLS when it has an `identity`, `trust` or `serverName`, and plain otherwise, whatever the
   * listener speaks. A listener made with `tls` is believed without `trust`.
   * @throws IncompleteResponse (MS0408, MS0409) with the part that came.
   * @example
   * const response = await envoy.request({ path: "/", headers: { "x-user": "ann" } });
   */
  request({ listener, ...request }: EnvoyRequest = {}): PendingResponse {
    const { name, address } = this.status(listener);
    if (!usesTls(request)) {
      const help = `the listener ${JSON.stringify(name)} speaks TLS: give the request an \`identity\`, or \`trust\` for TLS without a certificate`;
      return send(address, request, this.isTls(name) ? help : undefined);
    }
    const tls = this.options.listeners?.[listener ?? ""]?.tls ?? this.options.tls;
    const trust = request.trust ?? tls?.identity ?? request.identity;
    const plain = this.isTls(name) === false;
    const help = `the listener ${JSON.stringify(name)} does not speak TLS: leave identity, trust and serverName out`;
    return send(address, { ...request, ...(trust ? { trust } : {}) }, plain ? help : undefined);
  }

  /** Undefined when nobody knows. */
  private isTls(listener: string): boolean | undefined {
    const config = this.configured.find(({ name }) => name === listener);
    return config && speaksTls(config);
  }

  /**
   * Connects to a listener, with bytes in the test's hand.
   * @example
   * const connection = envoy.connect();
   * connection.write("PING\r\n");
   * await connection.receive("PONG\r\n");
   */
  connect({ listener }: { listener?: string } = {}): TcpConnection {
    return connectTcp(this.address(listener));
  }

  /** Writes bytes to a listener and returns all that comes back. */
  async raw(bytes: string | Uint8Array, { listener, ...options }: RawOptions & { listener?: string } = {}): Promise<Buffer> {
    return raw(this.address(listener), bytes, options);
  }

  /** @throws MeshscriptError MS0407 with the names that exist. */
  upstream(name: string): Upstream {
    const upstream = this.parts.upstreams.get(name);
    if (upstream) return upstream;
    const names = [...this.parts.upstreams.keys()].join(", ") || "none";
    throw new MeshscriptError(diagnostic("MS0407", `no upstream ${JSON.stringify(name)}; there are: ${names}`));
  }

  /** Counters and gauges by name, wasm's under `wasmcustom.`. @param filter a regular expression that Envoy applies [all]. */
  stats(filter?: string): Promise<Map<string, number>> {
    return this.parts.admin.stats(filter);
  }

  /** One counter or gauge, undefined when Envoy does not have it. */
  async stat(name: string): Promise<number | undefined> {
    return (await this.stats(`^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`)).get(name);
  }

  /**
   * Quantiles of histograms by name. Asking makes Envoy merge what its workers recorded; that ends a moment after the answer, so wait for
   * a value with `eventually`.
   */
  histograms(filter?: string): Promise<Map<string, Quantiles>> {
    return this.parts.admin.histograms(filter);
  }

  /** The text that Prometheus would scrape. */
  async prometheus(): Promise<string> {
    return (await this.parts.admin.fetch("/stats/prometheus")).text;
  }

  /** Any path of the admin interface. */
  admin(path: string, method: "GET" | "POST" = "GET"): Promise<{ status: number; text: string }> {
    return this.parts.admin.fetch(path, method);
  }

  configDump(): Promise<unknown> {
    return this.parts.admin.json("/config_dump");
  }

  /** Bytes: `allocated`, `heap_size` and more, as numbers. */
  async memory(): Promise<Record<string, number>> {
    const answer = (await this.parts.admin.json("/memory")) as Record<string, string>;
    return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, Number(value)]));
  }

  serverInfo(): Promise<unknown> {
    return this.parts.admin.json("/server_info");
  }

  /** What was logged so far, taken apart: `envoy`, `wasm` and `other`. */
  logs(): Logs {
    return this.parts.process.logs.get();
  }

  /** The last lines of the log, as text. */
  logTail(count?: number): string[] {
    return this.parts.process.logs.tail(count);
  }

  /**
   * The first log line that matches; waits for it when it is not there yet.
   * @param options.from a `logs().mark`: only lines after it count [0].
   * @param options.timeout milliseconds [5000].
   * @throws MeshscriptError MS0409 after the timeout, or when Envoy ended.
   */
  waitForLog(pattern: RegExp | string, options: { timeout?: number; from?: number } = {}): Promise<string> {
    return this.parts.process.logs.waitFor(pattern, options);
  }

  /** The access log's entries so far. A request's entry comes up to 20 ms after its end: see `waitForAccessLog`. */
  accessLog(): AccessLogEntry[] {
    return readAccessLog(this.runDir);
  }

  /** The access log's entries, when there are at least `count`. */
  waitForAccessLog(count: number, { timeout = 5_000 }: { timeout?: number } = {}): Promise<AccessLogEntry[]> {
    return waitForAccessLog(this.runDir, count, timeout);
  }

  /**
   * Changes filters, routes, upstreams or the whole configuration without a restart; resolves when every worker serves the new one.
   * An upstream that is already there takes the new `respond`; a new one is started.
   *
   * @throws MeshscriptError MS0403 when Envoy rejects it, with Envoy's reason: the old configuration stays in service.
   * @example
   * await envoy.update({ filters: [{ name: "tracing", wasm, config: { mode: "observe" } }] });
   */
  update(change: EnvoyUpdate): Promise<void> {
    const next = this.updating.then(() => this.applyUpdate(change));
    this.updating = next.catch(() => undefined);
    return next;
  }

  private async applyUpdate(change: EnvoyUpdate): Promise<void> {
    const { plan, xds, admin, process: envoy, upstreams } = this.parts;
    for (const [name, spec] of Object.entries(change.upstreams ?? {})) {
      const there = upstreams.get(name);
      if (!there) upstreams.set(name, await new Upstream(name, spec).start());
      else if (spec.respond) there.respond(spec.respond);
    }
    const options = { ...this.options, ...change };
    const next = await makePlan(options, upstreams, this.runDir);
    if (!plan.updatable || !next.updatable) {
      throw new MeshscriptError(diagnostic("MS0407", "this configuration has dynamic_resources of its own: change what they point to"));
    }
    if (JSON.stringify(next.bootstrap) !== JSON.stringify(plan.bootstrap)) {
      throw new MeshscriptError(
        diagnostic("MS0407", "only listeners and clusters can change without a restart; the rest of the bootstrap differs"),
      );
    }
    const mark = envoy.logs.mark;
    const listeners = await this.added.place(next.listeners, new Set(this.listeners.map(({ name }) => name)));
    try {
      await xds.apply({ listeners, clusters: next.clusters }, admin, envoy.logs, options.concurrency ?? 1, UPDATE_MS);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      const context: FailureContext = { logs: envoy.logs, runDir: this.runDir, configPath: next.file ?? xds.path("listeners"), from: mark };
      throw envoyFailure("MS0403", `Envoy rejected the update and keeps the old configuration: ${error.reason}`, {
        ...context,
        ...(next.file ? { file: next.file } : {}),
      });
    }
    this.options = options;
    this.listeners = await admin.listeners();
    this.configured = next.listeners;
  }

  /**
   * What a person needs to see when a test failed: the log's last lines, the access log, the counters that are not zero. Also after
   * `stop()`, when `prepareReport()` was called before.
   */
  report(): Promise<string> {
    return this.finalReport ?? makeReport(this);
  }

  /** Makes `stop()` keep what `report()` needs. */
  prepareReport(): void {
    this.reporting = true;
  }

  /** Keeps the run directory after `stop()`. */
  keep(): void {
    this.parts.directory.keep();
  }

  /**
   * Ends Envoy and its upstreams; resolves when every process is gone. Any number of calls.
   * @throws MeshscriptError MS0405 when Envoy had already ended by itself, unless `mayEnd` was set.
   */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private async end(): Promise<void> {
    const { process: envoy, admin, upstreams, directory } = this.parts;
    const crashed = !envoy.running && !this.options.mayEnd;
    if (this.reporting) {
      this.finalReport = makeReport(this);
      await this.finalReport;
    }
    admin.close();
    await envoy.stop();
    for (const upstream of upstreams.values()) await upstream.stop();
    if (!crashed) return directory.remove();
    directory.keep();
    const { code, signal } = await envoy.ended;
    const how = signal ? `signal ${signal}` : `exit code ${code}`;
    throw envoyFailure("MS0405", `Envoy ended by itself: ${how}`, {
      logs: envoy.logs,
      runDir: this.runDir,
      configPath: `${this.runDir}/envoy.json`,
    });
  }

  private find(name: string): ListenerStatus | undefined {
    return this.listeners.find((listener) => listener.name === name);
  }
}
