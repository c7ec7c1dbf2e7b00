import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { parseDuration } from "../duration.ts";
import type { AccessLogEntry } from "../envoy/access-log.ts";
import type { Logs } from "../envoy/logs.ts";
import { makeReport } from "../envoy/report.ts";
import type { ChainOptions } from "../envoy/types.ts";
import type { TcpConnection } from "../tcp/connection.ts";
import { Client } from "./client.ts";
import { type Counts, sumOf } from "./counts.ts";
import type { Exchange } from "./exchange.ts";
import type { FaultPoint } from "./faults.ts";
import { levelNumber } from "./logs.ts";
import { NetworkClient } from "./network/client.ts";
import type { HostUpstream } from "./router/host-upstream.ts";
import type { Runtime } from "./runtime.ts";
import { Scheduler } from "./scheduler.ts";
import type { HostOptions, HostRequest, HostStream, PendingHostResponse } from "./types.ts";

const NS_PER_MS = 1_000_000;
/** A host that answers millions must not keep them all. */
const KEPT_ENTRIES = 10_000;

/** An Envoy without a process: real modules in Node's V8, everything else in memory, time in the test's hand. Made by `openHost`. */
export class Host {
  private readonly scheduler: Scheduler;
  private readonly client: Client;
  private readonly network: NetworkClient;
  private readonly entries: AccessLogEntry[] = [];
  private forgotten = 0;
  private stopping = false;
  private finalReport: Promise<string> | undefined;
  /** So that it can be reported like an Envoy. */
  readonly runDir = "in-process host";

  constructor(
    private readonly runtime: Runtime,
    private options: HostOptions,
  ) {
    this.scheduler = new Scheduler(runtime, options.onHang ?? "fail");
    this.client = new Client(runtime, this.scheduler, (stream, chain) => this.logged(chain.accessLog(stream)));
    this.network = new NetworkClient(runtime, this.scheduler);
    runtime.active = () => openByPrefix(this.scheduler.open);
  }

  /** False once a module has done what would have ended Envoy, and after `stop()`. */
  get running(): boolean {
    return this.scheduler.running;
  }

  // Requests.

  /**
   * Sends a request through the chain. What can happen at once has happened when this returns; the rest when the answer is awaited, or when
   * `advance` is called.
   *
   * @throws (rejects) IncompleteResponse (MS0408) when the stream is reset, MeshscriptError MS0701 when Envoy would have crashed, MS0702 when
   *   it would hang.
   * @example
   * const response = await host.request({ path: "/", headers: { "x-user": "ann" } });
   */
  request(request: HostRequest = {}): PendingHostResponse {
    const exchange = this.client.begin(request, true);
    this.run();
    return exchange.response;
  }

  /**
   * Begins a request whose body is sent step by step: `write`, `end`.
   * @example
   * const upload = host.stream({ method: "POST", path: "/" });
   * upload.write("first piece");
   * upload.end();
   * expect((await upload.response).status).toBe(200);
   */
  stream(request: Omit<HostRequest, "body" | "trailers"> = {}): HostStream {
    const exchange = this.client.begin(request, false);
    this.run();
    return exchange;
  }

  /**
   * Connects to a listener with `tcp`, with bytes in the test's hand.
   * @example
   * const connection = host.connect();
   * connection.write("PING\\r\\n");
   * await connection.receive("PONG\\r\\n");
   */
  connect({ listener }: { listener?: string } = {}): TcpConnection {
    return this.network.connect(this.runtime.chain(listener));
  }

  // Time.

  /**
   * Lets virtual time pass: timers, timeouts and callouts' ends fire in their order.
   * @param duration milliseconds, or a text with a unit: "1.5s"
   */
  advance(duration: string | number): void {
    const ms = typeof duration === "number" ? duration : parseDuration(duration);
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new MeshscriptError(diagnostic("MS0407", `advance() takes milliseconds from 0 on or a text such as "1.5s", got ${duration}`));
    }
    this.scheduler.advance(Math.round(ms * NS_PER_MS));
  }

  /** The virtual wall clock. */
  get now(): Date {
    return this.runtime.clock.date;
  }

  /** Runs what can run now. Called for you by every other verb. */
  run(): void {
    this.scheduler.run();
  }

  /** Waits until something is so: virtual time passes meanwhile. @returns false when nothing more can happen. @throws (rejects) MS0701 */
  until(holds: () => boolean): Promise<boolean> {
    return this.scheduler.until(holds);
  }

  // Looking.

  /** @throws MeshscriptError MS0407 with the names that exist. */
  upstream(name: string): HostUpstream {
    const found = this.runtime.upstreams.get(name);
    if (found) return found;
    const names = [...this.runtime.upstreams.keys()].join(", ") || "none";
    throw new MeshscriptError(diagnostic("MS0407", `no upstream ${JSON.stringify(name)}; there are: ${names}`));
  }

  /** Counters and gauges by name, those of modules under `wasmcustom.`. @param filter a regular expression [all] */
  async stats(filter?: string): Promise<Map<string, number>> {
    const pattern = filter === undefined ? undefined : new RegExp(filter);
    return new Map([...this.runtime.stats()].filter(([name]) => pattern?.test(name) ?? true));
  }

  /** One counter or gauge, undefined when there is none. */
  async stat(name: string): Promise<number | undefined> {
    return this.runtime.stats().get(name);
  }

  /** Everything that a histogram of a module recorded, in order. */
  samples(name: string): readonly bigint[] {
    return [...this.runtime.metrics.all()].find((metric) => metric.type === "histogram" && metric.name === name)?.samples ?? [];
  }

  /** What the VMs of a vm_id share. Keys and values as they are. */
  sharedData(vmId: string): Map<string, Buffer> {
    return this.runtime.data.entries(vmId);
  }

  /** From now on; modules that ask are told. @param level trace, debug, info, warning, error or critical */
  setLogLevel(level: string): void {
    this.runtime.logs.level = levelNumber(level);
  }

  /** What was logged so far: `envoy`, `wasm` and `other`. */
  logs(): Logs {
    return this.runtime.logs.get();
  }

  /** The last lines of the log, as text. */
  logTail(count?: number): string[] {
    return this.runtime.logs.tail(count);
  }

  /**
   * The first log line that matches; virtual time passes while it is not there.
   * @param options.timeout milliseconds of virtual time [5000]
   * @throws (rejects) MeshscriptError MS0409
   */
  async waitForLog(pattern: RegExp | string, { timeout = 5_000, from = 0 }: { timeout?: number; from?: number } = {}): Promise<string> {
    const { logs } = this.runtime;
    const regex = typeof pattern === "string" ? undefined : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""));
    let seen = from;
    let found: string | undefined;
    const look = () => {
      const fresh = logs.since(seen);
      seen = logs.mark;
      found ??= fresh.find((line) => regex?.test(line) ?? line.includes(pattern as string));
      return found !== undefined;
    };
    if ((await this.scheduler.until(look, timeout)) && found !== undefined) return found;
    const message = `no log line matching ${String(pattern)} within ${timeout} ms of virtual time`;
    throw new MeshscriptError(diagnostic("MS0409", message, { notes: logs.tail(10) }));
  }

  /** The access log's entries so far. */
  accessLog(): AccessLogEntry[] {
    return [...this.entries];
  }

  /** The access log's entries, when there are at least `count`; virtual time passes meanwhile. @throws MeshscriptError MS0409 */
  async waitForAccessLog(count: number, { timeout = 5_000 }: { timeout?: number } = {}): Promise<AccessLogEntry[]> {
    if (await this.scheduler.until(() => this.forgotten + this.entries.length >= count, timeout)) return this.accessLog();
    throw new MeshscriptError(
      diagnostic("MS0409", `${this.entries.length} entries in the access log, ${count} were waited for, and nothing more can happen`),
    );
  }

  /** By plugin name: what its callbacks on all workers cost so far that belong to no stream: configuration, timers, callouts' answers. */
  rootCounts(): Record<string, Counts> {
    const counts: Record<string, Counts> = {};
    for (const { plugin, counter } of this.runtime.workers.flatMap((worker) => worker.roots())) {
      const { name } = plugin.spec;
      counts[name] = sumOf(counts[name], counter.get());
    }
    return counts;
  }

  /** Bytes of linear memory by vm_id, of the largest VM on a worker. */
  linearMemory(): Record<string, number> {
    const sizes: Record<string, number> = {};
    for (const vm of this.runtime.workers.flatMap((worker) => worker.all)) {
      sizes[vm.spec.vmId] = Math.max(sizes[vm.spec.vmId] ?? 0, vm.memory.size);
    }
    return sizes;
  }

  /** Why a VM failed, with the guest's stack; undefined while all run. */
  get failure() {
    return [this.runtime.main, ...this.runtime.workers].flatMap((thread) => thread.all).find((vm) => vm.failed)?.failure;
  }

  // Changing.

  /**
   * Makes one host call of each matching callback fail from now on; undefined ends that.
   * @example
   * host.fail({ callback: "proxy_on_request_headers", call: 2, status: 10 });
   */
  fail(point: FaultPoint | undefined): void {
    this.runtime.faults.set(point);
  }

  /** From now on remembers the host calls of each callback, of its longest run. @returns what was remembered, by callback */
  recordCalls(): () => Map<string, string[]> {
    const calls = this.runtime.faults.record();
    return () => new Map(calls);
  }

  /** The host functions that were made to fail since `fail` was called. */
  get faults(): readonly string[] {
    return this.runtime.faults.hits;
  }

  /**
   * Changes filters, routes or upstreams as Envoy's LDS does: new streams get the new chain, VMs and roots that stay are kept, others end
   * with their last stream.
   * @throws (rejects) MeshscriptError MS0403 when a module refuses its configuration: the old one stays.
   */
  async update(change: ChainOptions & Pick<HostOptions, "plugins">): Promise<void> {
    if (!this.running) throw this.scheduler.crash ?? new MeshscriptError(diagnostic("MS0704", "update() after stop()"));
    const next = { ...this.options, ...change, ...(change.filters && !change.plugins ? { plugins: undefined } : {}) } as HostOptions;
    this.runtime.configure(next, "MS0403");
    this.options = next;
    this.run();
  }

  /** What a person needs to see when a test failed. Also after `stop()`, when `prepareReport()` was called before. */
  report(): Promise<string> {
    return this.finalReport ?? makeReport(this);
  }

  prepareReport(): void {
    this.finalReport = undefined;
  }

  /** There is no run directory to keep: only so that it has all of Envoy's verbs. */
  keep(): void {}

  /**
   * Ends it. Streams that are open end as if their clients had left.
   * @throws (rejects) MeshscriptError MS0701 when a module did what would have crashed Envoy, unless `mayEnd` was set.
   */
  async stop(): Promise<void> {
    const { scheduler } = this;
    if (this.stopping) return;
    this.stopping = true;
    for (const exchange of [...scheduler.open]) if (scheduler.running) exchange.abort();
    if (scheduler.running) this.network.stop();
    this.finalReport ??= makeReport(this);
    scheduler.stop();
    // A module that did not return would not do so now.
    if (!this.runtime.limit.reached) this.runtime.limit.run(() => this.runtime.stop());
    if (scheduler.crash && !this.options.mayEnd) throw scheduler.crash;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private logged(entry: AccessLogEntry): void {
    this.entries.push(entry);
    if (this.entries.length > KEPT_ENTRIES) this.forgotten += this.entries.splice(0, KEPT_ENTRIES / 2).length;
  }
}

function openByPrefix(open: Iterable<Exchange>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { stream } of open) counts.set(stream.settings.statPrefix, (counts.get(stream.settings.statPrefix) ?? 0) + 1);
  return counts;
}
