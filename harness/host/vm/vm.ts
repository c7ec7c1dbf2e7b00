import type { HeaderPairs } from "../../upstreams/types.ts";
import type { Context } from "../context/context.ts";
import type { HostCore } from "../core.ts";
import { Counter, instrumentation } from "../counts.ts";
import { EnvoyCrash, RestrictedCall } from "../failure.ts";
import type { Metric } from "../shared/metrics.ts";
import { Status } from "../status.ts";
import type { Compiled } from "./compiled.ts";
import { linkImports } from "./link.ts";
import { GuestMemory } from "./memory.ts";
import { type GuestFailure, describeTrap } from "./trap.ts";

/** What one VM is made of; equal parts are one VM per thread. */
export interface VmSpec {
  vmId: string;
  vmConfig: Buffer;
  environment: Readonly<Record<string, string>>;
  /** Host functions and callbacks that are allowed; undefined: all. */
  capabilities: ReadonlySet<string> | undefined;
  compiled: Compiled;
}

/**
 * With so many callbacks within each other V8's stack is full. Seen on 1.40: 400 streams that go on or are answered in one tick are fine, 500 to 700
 * trap, by what each of them needs. To the limit of this process it is farther or nearer, and the test must not depend on it.
 */
const MOST_NESTED = 400;
/** As many as Envoy prints of a backtrace (V8's flag --stack-trace-limit there). */
const ENVOYS_FRAMES = 20;

type Export = (...args: number[]) => number | undefined;

/** What a module may call while its memory allocator runs for the host (proxy-wasm-cpp-host, allocMemory). */
const duringAllocation: ReadonlySet<string> = new Set(["proxy_log", "fd_write", "clock_time_get"]);
/** ... and while `_initialize` runs (startVm). */
const duringStart: ReadonlySet<string> = new Set([
  ...["proxy_log", "fd_write", "args_sizes_get", "args_get", "environ_sizes_get", "environ_get", "fd_prestat_get", "fd_prestat_dir_name"],
  ...["clock_time_get", "random_get"],
]);

/** One instance of a module in one thread: its memory, its contexts, and the way into and out of it. */
export class Vm {
  readonly contexts = new Map<number, Context>();
  /** Work that Envoy puts off until the callback has returned. One queue per VM: a nested callback's end drains it too. */
  readonly afterCall: (() => void)[] = [];
  /** Set by a local reply or a reset: whatever the callback answers then, the iteration stops. */
  stopNext = false;
  /** How many callbacks are within each other, each run by what the one before it put off. */
  private nested = 0;
  failure: GuestFailure | undefined;
  /** Timers run: in every VM but the canary, which only tries a configuration out. */
  ticks = true;
  memory: GuestMemory;
  private readonly functions: Record<string, Export> = {};
  private readonly allocator: Export;
  /** Of an instrumented module: how many instructions and heap allocations it has executed. */
  private readonly executed: readonly WebAssembly.Global[];
  private readonly charged: number[] = [];
  private restricted: ReadonlySet<string> | undefined;
  private nextId = 1;
  private readonly bootCounter = new Counter();
  readonly metricIds = new MetricIds();
  httpToken = 4;
  private readonly grpcTokens = [1, 2];

  constructor(
    readonly host: HostCore,
    readonly spec: VmSpec,
    /** 0 is the main thread, workers count from 1. */
    readonly thread: number,
  ) {
    const instance = new WebAssembly.Instance(spec.compiled.module as WebAssembly.Module, linkImports(this, spec.compiled));
    for (const [name, value] of Object.entries(instance.exports)) {
      if (typeof value === "function" && this.mayCall(name)) this.functions[name] = value as Export;
    }
    const { malloc, proxy_on_memory_allocate } = instance.exports;
    this.allocator = (malloc ?? proxy_on_memory_allocate) as Export;
    this.executed = instrumentation.map((name) => instance.exports[name]).filter((value) => value instanceof WebAssembly.Global);
    const memory = instance.exports["memory"];
    this.memory = new GuestMemory(memory instanceof WebAssembly.Memory ? memory : new WebAssembly.Memory({ initial: 0 }));
  }

  /** `_initialize` and `main`, or `_start`. */
  start(): void {
    this.restricted = duringStart;
    const names = this.functions["_initialize"] ? ["_initialize", "main"] : ["_start"];
    for (const name of names) if (this.functions[name] && !this.failed) this.enter(name, undefined, 0, 0);
    this.restricted = undefined;
  }

  get failed(): boolean {
    return this.failure !== undefined;
  }

  allocateId(): number {
    return this.nextId++;
  }

  /** @param kind 1 for a call, 2 for a stream */
  grpcToken(kind: 1 | 2): number {
    const token = (this.grpcTokens[kind - 1] as number) + 4;
    this.grpcTokens[kind - 1] = token;
    return token;
  }

  has(callback: string): boolean {
    return this.functions[callback] !== undefined;
  }

  /**
   * Calls an export with a context as the current one; a trap makes the VM fail and answers 0. What the callback put off is the caller's to
   * run: see `drain`.
   */
  enter(name: string, context: Context | undefined, a = 0, b = 0, c = 0, d = 0, e = 0): number {
    const { state } = this.host;
    const { current, callback, effective, counter } = state;
    this.charge(counter);
    state.current = context;
    state.callback = name;
    state.effective = 0;
    state.counter = context?.counter ?? this.bootCounter;
    state.counter.enter(name);
    this.host.faults.enter(name);
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = ENVOYS_FRAMES;
    try {
      if (this.nested > MOST_NESTED) throw new RangeError("Maximum call stack size exceeded");
      return (this.functions[name] as Export)(a, b, c, d, e) ?? 0;
    } catch (error) {
      this.trapped(name, error);
      return 0;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      this.charge(state.counter);
      state.current = current;
      state.callback = callback;
      state.effective = effective;
      state.counter = counter;
    }
  }

  /**
   * Runs what a callback put off, as Envoy does when the callback's frame ends: so what many streams put off in one callback runs within the
   * callbacks of those before.
   */
  drain(): void {
    this.stopNext = false;
    this.nested++;
    try {
      for (let action = this.afterCall.shift(); action; action = this.afterCall.shift()) action();
    } finally {
      this.nested--;
    }
  }

  /** Before each host call. @returns a status to answer instead of making it, or -1. */
  before(index: number, name: string): number {
    const { counter } = this.host.state;
    counter?.call(index);
    if (this.restricted !== undefined && !this.restricted.has(name)) throw new RestrictedCall(name);
    return this.host.faults.active ? this.host.faults.next(name) : -1;
  }

  /** Copies bytes into memory that the module allocates, and tells it where. */
  give(bytes: Uint8Array | string, outAt: number, outLength: number): Status {
    let at = 0;
    if (bytes.length > 0) {
      at = this.allocate(bytes.length);
      const written = at !== 0 && (typeof bytes === "string" ? this.memory.writeText(at, bytes) : this.memory.write(at, bytes));
      if (!written) return Status.InvalidMemoryAccess;
      const { counter } = this.host.state;
      if (counter) counter.toGuest += bytes.length;
    }
    return this.memory.setU32(outAt, at) && this.memory.setU32(outLength, bytes.length) ? Status.Ok : Status.InvalidMemoryAccess;
  }

  /** A text argument, latin1; undefined for an address outside the memory. */
  take(at: number, length: number): string | undefined {
    const { counter } = this.host.state;
    if (counter) counter.fromGuest += length >>> 0;
    return this.memory.text(at, length);
  }

  takeBytes(at: number, length: number): Buffer | undefined {
    const { counter } = this.host.state;
    if (counter) counter.fromGuest += length >>> 0;
    return this.memory.read(at, length);
  }

  takePairs(at: number, length: number): HeaderPairs | undefined {
    const { counter } = this.host.state;
    if (counter) counter.fromGuest += length >>> 0;
    return this.memory.pairs(at, length);
  }

  mayCall(capability: string): boolean {
    const { capabilities } = this.spec;
    return capabilities === undefined || capabilities.has(capability) || !capability.startsWith("proxy_") || alwaysAllowed.has(capability);
  }

  /** What an instrumented module executed since it was asked last is on this counter's account. */
  private charge(counter: Counter | undefined): void {
    for (let i = 0; i < this.executed.length; i++) {
      const now = Number(this.executed[i]?.value);
      counter?.execute(i, now - (this.charged[i] ?? 0));
      this.charged[i] = now;
    }
  }

  private allocate(size: number): number {
    const { state } = this.host;
    const { counter, current } = state;
    // The allocator runs in the VM's own context, which is nobody's.
    state.current = undefined;
    if (counter) {
      counter.allocations++;
      counter.allocated += size;
    }
    const outer = this.restricted;
    this.restricted = duringAllocation;
    try {
      return (this.allocator(size) ?? 0) >>> 0;
    } catch (error) {
      // The host call answers an error, the guest goes on to its end, and only then does anybody notice that the VM failed.
      this.trapped("proxy_on_memory_allocate", error);
      return 0;
    } finally {
      this.restricted = outer;
      state.current = current;
    }
  }

  private trapped(name: string, error: unknown): void {
    if (error instanceof EnvoyCrash) throw error;
    const failure = describeTrap(name, error, this.spec.compiled);
    if (failure === undefined) throw error;
    this.failure ??= failure;
    this.host.logs.envoy("error", "wasm", failure.log);
  }
}

/** Called whatever a restriction lists: without these nothing would run. */
const alwaysAllowed: ReadonlySet<string> = new Set(["proxy_on_memory_allocate", "proxy_on_vm_start"]);

/** A VM's own numbers for metrics: the type is in the two low bits. */
class MetricIds {
  private readonly byId = new Map<number, Metric>();
  private readonly upcoming = [4, 5, 6];

  next(type: number): number {
    const id = this.upcoming[type] as number;
    this.upcoming[type] = id + 4;
    return id;
  }

  set(id: number, metric: Metric): void {
    this.byId.set(id, metric);
  }

  get(id: number): Metric | undefined {
    return this.byId.get(id >>> 0);
  }
}
