import { MeshscriptError, diagnostic } from "../../diagnostics/index.ts";
import type { Timer } from "./clock.ts";
import type { Exchange, ExchangeHost } from "./exchange.ts";
import type { Runtime } from "./runtime.ts";
import { Vm } from "./vm/vm.ts";

const NS_PER_MS = 1_000_000;
/** As of the harness's client. */
const CLIENT_TIMEOUT_MS = 10_000;

/** Somebody who waits until something is so. */
interface Watcher {
  holds: () => boolean;
  /** Nanoseconds of virtual time. */
  end: number;
  resolve(held: boolean): void;
  reject(why: unknown): void;
}

/** Who is under way, and what moves them: the queue, and time. */
export class Scheduler implements ExchangeHost {
  readonly open = new Set<Exchange>();
  /** Those that have no timers yet. */
  private readonly fresh: Exchange[] = [];
  private readonly waiting = new Set<Exchange>();
  private readonly watchers = new Set<Watcher>();
  private driving = false;
  private failure: Error | undefined;
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
  get crash(): Error | undefined {
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
    const { clock, loop } = this.runtime;
    if (loop.busy) throw new MeshscriptError(diagnostic("MS0407", "advance() within a responder: time moves only between events"));
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
      this.runtime.limit.run(() => this.runtime.loop.run());
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
   * Waits until something is so: virtual time passes meanwhile.
   * @param limitMs of virtual time
   * @returns false when it is over, or nothing more can happen. @throws (rejects) MS0701
   */
  async until(holds: () => boolean, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    this.run();
    if (holds()) return true;
    const end = this.runtime.clock.elapsed + limitMs * NS_PER_MS;
    return new Promise((resolve, reject) => {
      this.watchers.add({ holds, end, resolve, reject });
      if (!this.driving) void this.drive();
    });
  }

  /**
   * Time passes while somebody waits and nothing else can happen: what the test itself still does comes first, then the next timer. One
   * loop for all who wait, and one timer a turn: what a timer brought about reaches the test's promises before time moves again.
   */
  private async drive(): Promise<void> {
    this.driving = true;
    try {
      for (;;) {
        await this.turn();
        this.look();
        if (this.waiting.size === 0 && this.watchers.size === 0) break;
        if (this.runtime.outside.fresh) continue;
        this.failHanging();
        const next = this.running ? this.runtime.clock.next() : undefined;
        this.giveUp(next);
        if (next === undefined || (this.waiting.size === 0 && this.watchers.size === 0)) break;
        this.runtime.clock.moveTo(next);
        this.fire();
        this.look();
      }
    } finally {
      this.driving = false;
    }
  }

  /** Tells those whose wait is over. */
  private look(): void {
    for (const watcher of [...this.watchers]) {
      let done: boolean;
      try {
        done = watcher.holds();
        if (!done && this.failure) throw this.failure;
      } catch (error) {
        this.watchers.delete(watcher);
        watcher.reject(error);
        continue;
      }
      if (!done) continue;
      this.watchers.delete(watcher);
      watcher.resolve(true);
    }
  }

  /** Those who would not wait until the next timer, or wait in vain. */
  private giveUp(next: number | undefined): void {
    for (const watcher of [...this.watchers]) {
      if (next !== undefined && next <= watcher.end) continue;
      this.watchers.delete(watcher);
      watcher.resolve(false);
    }
  }

  /** Lets real time pass: one turn of the event loop, or a millisecond while the test is at work. */
  private async turn(): Promise<void> {
    await new Promise<void>((resolve) => (this.runtime.outside.fresh ? setTimeout(resolve, 1) : setImmediate(resolve)));
    this.run();
  }

  /** Those that a filter holds, when nothing is left but the moment at which somebody gives up. */
  private failHanging(): void {
    const { clock, outside } = this.runtime;
    if (this.onHang === "wait" || outside.size > 0) return;
    const patience = new Set<Timer | undefined>([...this.open].flatMap(({ idleTimer, timeoutTimer }) => [idleTimer, timeoutTimer]));
    for (const exchange of [...this.waiting]) {
      if (exchange.paused.request === undefined && exchange.paused.response === undefined) continue;
      // A timer of another VM cannot move this stream: VMs share data, not streams. Only queues lead from one VM of a vm_id to another.
      const moves = ({ owner }: Timer) => !(owner instanceof Vm) || (!owner.failed && exchange.vmIds.has(owner.spec.vmId));
      if (clock.some((timer) => !patience.has(timer) && moves(timer))) continue;
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

  /** A crash of Envoy's, something that this host does not have, or a fault of the host or the test: nothing goes on after it. */
  private end(error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    this.failure = failure;
    this.runtime.logs.envoy("critical", "assert", failure.message);
    for (const exchange of [...this.open]) exchange.fail(failure);
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
