import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import { toPairs, valuesOf } from "../client/headers.ts";
import { IncompleteResponse } from "../client/response.ts";
import { usesTls } from "../client/tls.ts";
import { parseDuration } from "../duration.ts";
import type { AccessLogEntry } from "../envoy/access-log.ts";
import type { Address } from "../envoy/builders.ts";
import type { Logs } from "../envoy/logs.ts";
import { makeReport } from "../envoy/report.ts";
import type { ChainOptions } from "../envoy/types.ts";
import type { Identity } from "../identities/types.ts";
import type { BodyInput } from "../upstreams/types.ts";
import type { Chain } from "./chain.ts";
import { finishHeaders, isHttp2, rejectEarly, requestHeaders, wireOrder } from "./codec.ts";
import { StreamContext } from "./context/stream.ts";
import type { Counts } from "./counts.ts";
import { Exchange, type ExchangeHost } from "./exchange.ts";
import { EnvoyCrash } from "./failure.ts";
import type { FaultPoint } from "./faults.ts";
import { levelNumber } from "./logs.ts";
import type { HostUpstream } from "./router/host-upstream.ts";
import type { Runtime } from "./runtime.ts";
import { Body } from "./stream/body.ts";
import { HeaderMap } from "./stream/header-map.ts";
import type { StreamInfo } from "./stream/info.ts";
import { type Connection, HttpStream, type PeerCertificate } from "./stream/stream.ts";
import type { HostOptions, HostRequest, HostStream, PendingHostResponse } from "./types.ts";

const NS_PER_MS = 1_000_000;
/** As of the harness's client. */
const CLIENT_TIMEOUT_MS = 10_000;
/** A host that answers millions must not keep them all. */
const KEPT_ENTRIES = 10_000;

/** An Envoy without a process: real modules in Node's V8, everything else in memory, time in the test's hand. Made by `openHost`. */
export class Host implements ExchangeHost {
  private readonly open = new Set<Exchange>();
  /** Those that have no timers yet. */
  private readonly fresh: Exchange[] = [];
  private readonly waiting = new Set<Exchange>();
  private driving = false;
  private crash: EnvoyCrash | undefined;
  private stopped = false;
  private nextWorker = 0;
  private nextConnection = 1;
  private readonly entries: AccessLogEntry[] = [];
  private forgotten = 0;
  private finalReport: Promise<string> | undefined;
  /** So that it can be reported like an Envoy. */
  readonly runDir = "in-process host";

  constructor(
    private readonly runtime: Runtime,
    private options: HostOptions,
  ) {
    runtime.active = () => this.openByPrefix();
  }

  private openByPrefix(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { stream } of this.open) counts.set(stream.settings.statPrefix, (counts.get(stream.settings.statPrefix) ?? 0) + 1);
    return counts;
  }

  /** False once a module has done what would have ended Envoy, and after `stop()`. */
  get running(): boolean {
    return this.crash === undefined && !this.stopped;
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
    const exchange = this.begin(request, true);
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
    const exchange = this.begin(request, false);
    this.run();
    return exchange;
  }

  private begin(request: HostRequest, whole: boolean): Exchange {
    const { clock } = this.runtime;
    const exchange = new Exchange(this, request);
    const info: StreamInfo = {
      start: clock.elapsed,
      end: undefined,
      protocol: isHttp2(request) ? "HTTP/2" : "HTTP/1.1",
      code: undefined,
      details: undefined,
      flags: 0,
      bytesReceived: 0,
      bytesSent: 0,
      route: undefined,
      virtualHost: undefined,
      upstreamCluster: undefined,
      upstreamHost: undefined,
      upstreamLocal: undefined,
      upstreamFailure: undefined,
      attempts: 0,
      upstreamFirstByte: undefined,
      upstreamLastByte: undefined,
      filterState: new Map(Object.entries(request.filterState ?? {}).map(([key, value]) => [key, Buffer.from(value)])),
      metadata: request.metadata ?? {},
    };
    const chain = this.runtime.chain(request.listener);
    const stream = new HttpStream(this.runtime, chain.settings, this.connect(request, chain), info, exchange);
    exchange.stream = stream;
    this.open.add(exchange);
    this.fresh.push(exchange);
    if (!this.running) {
      exchange.fail(this.crash ?? new MeshscriptError(diagnostic("MS0704", "a request after stop()")));
      stream.destroyed = true;
      return exchange;
    }
    const mismatch = tlsMismatch(request, chain);
    if (mismatch) {
      exchange.fail(new IncompleteResponse("MS0408", "the connection was closed", undefined).withHelp(mismatch));
      stream.destroyed = true;
      return exchange;
    }
    this.build(exchange, chain, request.worker);
    stream.onEnd = () => this.logged(chain.accessLog(stream));
    this.send(exchange, request, chain, whole);
    return exchange;
  }

  private logged(entry: AccessLogEntry): void {
    this.entries.push(entry);
    if (this.entries.length > KEPT_ENTRIES) this.forgotten += this.entries.splice(0, KEPT_ENTRIES / 2).length;
  }

  private build(exchange: Exchange, chain: Chain, chosen: number | undefined): void {
    const { workers } = this.runtime;
    const worker = workers[(chosen ?? this.nextWorker++) % workers.length];
    if (!worker) throw new MeshscriptError(diagnostic("MS0407", `no worker ${chosen}; there are ${workers.length}`));
    const contexts: StreamContext[] = [];
    exchange.stream.build(chain.names, (i, callbacks) => {
      const plugin = chain.plugins[i];
      const filter = plugin && worker.filter(plugin, callbacks);
      if (filter instanceof StreamContext) contexts.push(filter);
      return filter;
    });
    exchange.countsOf = () => countsByName(contexts);
  }

  private send(exchange: Exchange, request: HostRequest, chain: Chain, whole: boolean): void {
    const { stream } = exchange;
    const { loop } = this.runtime;
    const headers = requestHeaders(request, chain.authority, whole);
    const bodyless = whole && request.body === undefined && request.trailers === undefined;
    const early = rejectEarly(request, headers, chain.limits);
    loop.post(() => {
      const map = new HeaderMap("request", wireOrder(headers, request));
      if (early) {
        stream.requestHeaders = early.seen ? map : undefined;
        stream.requestRead = early.keepsConnection;
        return stream.localReply(
          { status: early.status, body: early.body, headers: [], grpcStatus: -1, details: early.details },
          early.flag,
        );
      }
      if (map.get("expect")?.toLowerCase() === "100-continue") {
        // Envoy says so itself, before any filter.
        map.remove("expect");
        exchange.informational.push(100);
      }
      finishHeaders(map, chain.requestId ? this.runtime.random.uuid() : undefined, stream.connection, chain.forwarding);
      const empty = () => valuesOf(headers, "content-length")[0] === "0" && request.trailers === undefined;
      const noBody = bodyless || (whole && empty());
      stream.decode.arrived(map, noBody);
      if (!whole || noBody) return;
      this.sendBody(exchange, request);
    });
  }

  private sendBody(exchange: Exchange, request: HostRequest): void {
    const { stream } = exchange;
    const pieces = piecesOf(request.body);
    if (!pieces) {
      void this.sendStream(exchange, request);
      return;
    }
    for (const piece of pieces) if (piece.length > 0) stream.decode.more(new Body(piece), false);
    exchange.finishRequest(toPairs(request.trailers));
  }

  private async sendStream(exchange: Exchange, request: HostRequest): Promise<void> {
    const { stream } = exchange;
    this.runtime.pending++;
    for await (const piece of request.body as AsyncIterable<string | Uint8Array>) {
      this.runtime.loop.post(() => stream.decode.more(new Body(Buffer.from(piece as string)), false));
      this.run();
    }
    this.runtime.pending--;
    this.runtime.loop.post(() => exchange.finishRequest(toPairs(request.trailers)));
    this.run();
  }

  private connect({ source, identity, serverName }: HostRequest, chain: Chain): Connection {
    const id = this.nextConnection++;
    const local = chain.address;
    const colon = source?.lastIndexOf(":") ?? -1;
    const remote: Address = source
      ? { host: source.slice(0, colon), port: Number(source.slice(colon + 1)) }
      : { host: "127.0.0.1", port: 49_151 + id };
    const server = chain.tls;
    const tls = server
      ? {
          version: "TLSv1.3",
          serverName: serverName ?? "",
          mutual: identity !== undefined,
          peer: identity && certificateOf(identity),
          local: certificateOf(server.identity),
        }
      : undefined;
    return { id, local, remote, tls };
  }

  // Time.

  /**
   * Lets virtual time pass: timers, timeouts and callouts' ends fire in their order.
   * @param duration milliseconds, or a text with a unit: "1.5s"
   */
  advance(duration: string | number): void {
    const { clock } = this.runtime;
    const end = clock.elapsed + (typeof duration === "number" ? duration : parseDuration(duration)) * NS_PER_MS;
    this.run();
    for (let next = clock.next(); next !== undefined && next <= end && this.running; next = clock.next()) {
      clock.moveTo(next);
      this.fire();
    }
    clock.moveTo(end);
  }

  /** The virtual wall clock. */
  get now(): Date {
    return this.runtime.clock.date;
  }

  private fire(): void {
    for (let due = this.runtime.clock.due(); due && this.running; due = this.runtime.clock.due()) {
      this.runtime.loop.post(due);
      this.run();
    }
  }

  // ExchangeHost.

  run(): void {
    if (!this.running) return;
    try {
      this.runtime.loop.run();
    } catch (error) {
      this.end(error);
    }
    // Timers only for what stays open: most streams end within the call that began them.
    for (let exchange = this.fresh.pop(); exchange; exchange = this.fresh.pop()) if (this.open.has(exchange)) this.watch(exchange);
  }

  over(exchange: Exchange): void {
    this.open.delete(exchange);
    this.waiting.delete(exchange);
  }

  awaited(exchange: Exchange): void {
    this.waiting.add(exchange);
    if (!this.driving) void this.drive();
  }

  /**
   * Time passes while somebody waits and nothing else can happen: first whatever promises of responders settle, then the next timer.
   * A promise that is settled only by real time (a socket, `setTimeout`) is therefore overtaken by virtual time.
   */
  private async drive(): Promise<void> {
    this.driving = true;
    while (this.waiting.size > 0 && this.running) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.run();
      if (this.waiting.size === 0 || !this.running) break;
      const next = this.runtime.clock.next();
      if (next === undefined) {
        for (const exchange of [...this.waiting]) exchange.fail(hangs(exchange, "nothing will ever resume it"));
        break;
      }
      this.failHanging();
      if (this.waiting.size === 0) break;
      this.runtime.clock.moveTo(next);
      this.fire();
    }
    this.driving = false;
  }

  /** Waits for something else than an answer: time passes meanwhile. @returns false when nothing more can happen. @throws (rejects) MS0701 */
  async until(holds: () => boolean): Promise<boolean> {
    for (;;) {
      this.run();
      if (holds()) return true;
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.run();
      if (holds()) return true;
      if (this.crash) throw this.crash;
      const next = this.runtime.clock.next();
      if (next === undefined || !this.running) return false;
      this.runtime.clock.moveTo(next);
      this.fire();
    }
  }

  /** Those whose next event would be the idle timeout, or the client's giving up, while a filter holds them. */
  private failHanging(): void {
    if (this.options.onHang === "wait") return;
    const next = this.runtime.clock.next();
    for (const exchange of [...this.waiting]) {
      const paused = exchange.paused.request ?? exchange.paused.response;
      const { idleTimer, timeoutTimer } = exchange;
      if (paused === undefined || (idleTimer?.at !== next && timeoutTimer?.at !== next) || this.runtime.pending > 0) continue;
      const seconds = exchange.stream.settings.streamIdleTimeoutMs / 1000;
      exchange.fail(hangs(exchange, `nothing but Envoy's stream_idle_timeout (${seconds} s here, 5 min by default) will end it`));
    }
  }

  /** When the client gives up, and when nothing has happened for too long. */
  private watch(exchange: Exchange): void {
    const { clock } = this.runtime;
    const { stream, request } = exchange;
    const { streamIdleTimeoutMs } = stream.settings;
    const since = (clock.elapsed - stream.info.start) / NS_PER_MS;
    exchange.timeoutTimer ??= clock.after((request.timeout ?? CLIENT_TIMEOUT_MS) - since, () => exchange.timedOut());
    if (exchange.idleTimer || stream.destroyed || streamIdleTimeoutMs === 0) return;
    const due = stream.lastActivity + streamIdleTimeoutMs * NS_PER_MS;
    exchange.idleTimer = clock.after((due - clock.elapsed) / NS_PER_MS, () => {
      exchange.idleTimer = undefined;
      if (stream.destroyed) return;
      if (stream.lastActivity + streamIdleTimeoutMs * NS_PER_MS <= clock.elapsed) stream.idle();
      else this.watch(exchange);
    });
  }

  private end(error: unknown): void {
    const crash = error instanceof EnvoyCrash ? error : undefined;
    if (!crash && !(error instanceof MeshscriptError)) throw error;
    this.crash = crash ?? (error as EnvoyCrash);
    this.runtime.logs.envoy("critical", "assert", (error as Error).message);
    for (const exchange of [...this.open]) exchange.fail(error);
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

  /** The first log line that matches; virtual time passes while it is not there. @throws MeshscriptError MS0409 */
  async waitForLog(pattern: RegExp | string, options: { timeout?: number; from?: number } = {}): Promise<string> {
    const { logs } = this.runtime;
    const matches = (line: string) =>
      typeof pattern === "string" ? line.includes(pattern) : new RegExp(pattern.source, pattern.flags.replace("g", "")).test(line);
    await this.until(() => logs.since(options.from ?? 0).some(matches));
    return logs.waitFor(pattern, { ...options, timeout: 1 });
  }

  /** The access log's entries so far. */
  accessLog(): AccessLogEntry[] {
    return [...this.entries];
  }

  /** The access log's entries, when there are at least `count`; virtual time passes meanwhile. @throws MeshscriptError MS0409 */
  async waitForAccessLog(count: number): Promise<AccessLogEntry[]> {
    if (await this.until(() => this.forgotten + this.entries.length >= count)) return this.accessLog();
    throw new MeshscriptError(
      diagnostic("MS0409", `${this.entries.length} entries in the access log, ${count} were waited for, and nothing more can happen`),
    );
  }

  /** By plugin name: what all its callbacks in all VMs cost so far that belong to no stream: configuration, timers, callouts' answers. */
  rootCounts(): Record<string, Counts> {
    const roots = this.runtime.workers.flatMap((worker) => worker.roots());
    return Object.fromEntries(roots.map((root) => [root.plugin.spec.name, root.counter.get()]));
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
    if (this.stopped) return;
    for (const exchange of [...this.open]) if (this.running) exchange.abort();
    this.finalReport ??= makeReport(this);
    this.stopped = true;
    this.runtime.stop();
    if (this.crash && !this.options.mayEnd) throw this.crash;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Why a handshake could not succeed; `openEnvoy` says the same. */
function tlsMismatch(request: HostRequest, { name, tls }: Chain): string | undefined {
  if (tls && !usesTls(request)) {
    return `the listener ${JSON.stringify(name)} speaks TLS: give the request an \`identity\`, or \`trust\` for TLS without a certificate`;
  }
  if (tls || !usesTls(request)) return undefined;
  return `the listener ${JSON.stringify(name)} does not speak TLS: leave identity, trust and serverName out`;
}

/** undefined for a body that comes piece by piece from outside. */
function piecesOf(body: BodyInput | undefined): Buffer[] | undefined {
  if (body === undefined) return [];
  if (typeof body === "string" || body instanceof Uint8Array) return [Buffer.from(body as string)];
  return Array.isArray(body) ? body.map((piece) => Buffer.from(piece)) : undefined;
}

function certificateOf({ uriSans, dnsSans, subject, sha256 }: Identity): PeerCertificate {
  return { uriSans, dnsSans, subject, sha256 };
}

function countsByName(contexts: readonly StreamContext[]): Record<string, Counts> {
  return Object.fromEntries(contexts.map((context) => [context.plugin.spec.name, context.counter.get()]));
}

function hangs({ paused }: Exchange, why: string): MeshscriptError {
  const where = paused.request
    ? `the request is paused by ${paused.request}`
    : paused.response
      ? `the response is paused by ${paused.response}`
      : "it waits";
  return new MeshscriptError(diagnostic("MS0702", `${where}, and ${why}`));
}
