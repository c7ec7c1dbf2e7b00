import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Exchange, ExchangeHost } from "./exchange.ts";
import { EnvoyCrash } from "./failure.ts";
import type { Runtime } from "./runtime.ts";

const NS_PER_MS = 1_000_000;
/** As of the harness's client. */
const CLIENT_TIMEOUT_MS = 10_000;

/** Who is under way, and what moves them: the queue, and time. */
export class Scheduler implements ExchangeHost {
  readonly open = new Set<Exchange>();
  /** Those that have no timers yet. */
  private readonly fresh: Exchange[] = [];
  private readonly waiting = new Set<Exchange>();
  private driving = false;
  private failure: MeshscriptError | undefined;
  private stopped = false;

  /** @param onHang what becomes of a request that nothing will resume */
  constructor(
    private readonly runtime: Runtime,
    private readonly onHang: "fail" | "wait",
  ) {}

  get running(): boolean {
    return this.failure === undefined && !this.stopped;
  }

  /** What ended it: a crash of Envoy's, or something that this host does not have. */
  get crash(): MeshscriptError | undefined {
    return this.failure;
  }

  stop(): void {
    this.stopped = true;
  }

  add(exchange: Exchange): void {
    this.open.add(exchange);
    this.fresh.push(exchange);
  }

  /** @param ns of virtual time */
  advance(ns: number): void {
    const { clock } = this.runtime;
    const end = clock.elapsed + ns;
    this.run();
    for (let next = clock.next(); next !== undefined && next <= end && this.running; next = clock.next()) {
      clock.moveTo(next);
      this.fire();
    }
    clock.moveTo(end);
  }

  private fire(): void {
    for (let due = this.runtime.clock.due(); due && this.running; due = this.runtime.clock.due()) {
      this.runtime.loop.post(due);
      this.run();
    }
  }

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
      if (this.failure) throw this.failure;
      const next = this.runtime.clock.next();
      if (next === undefined || !this.running) return false;
      this.runtime.clock.moveTo(next);
      this.fire();
    }
  }

  /** Those whose next event would be the idle timeout, or the client's giving up, while a filter holds them. */
  private failHanging(): void {
    if (this.onHang === "wait") return;
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
    // Anything else is a fault of this host, which must not look like one of Envoy.
    if (!(error instanceof EnvoyCrash) && !(error instanceof MeshscriptError)) throw error;
    this.failure = error;
    this.runtime.logs.envoy("critical", "assert", error.message);
    for (const exchange of [...this.open]) exchange.fail(error);
  }
}

function hangs({ paused }: Exchange, why: string): MeshscriptError {
  const where = paused.request
    ? `the request is paused by ${paused.request}`
    : paused.response
      ? `the response is paused by ${paused.response}`
      : "it waits";
  return new MeshscriptError(diagnostic("MS0702", `${where}, and ${why}`));
}
