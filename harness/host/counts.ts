import { hostNames } from "./abi/names.ts";

/** What a piece of work cost at the boundary between module and host. Exact: the same module and input give the same counts. */
export interface Counts {
  /** Calls by name of the host function; only those that were made. */
  hostCalls: Record<string, number>;
  /** Callbacks by name, as they were entered. */
  callbacks: Record<string, number>;
  /** Bytes that the host copied into the module. */
  bytesToGuest: number;
  /** Bytes that the host read out of the module. */
  bytesFromGuest: number;
  /** Calls of the module's allocator by the host, and the bytes asked for. */
  guestAllocations: number;
  guestAllocatedBytes: number;
  /** Of a module with the exports `instrumentation`: instructions that it executed, and blocks that it took from its own heap. */
  guestInstructions?: number;
  guestHeapAllocations?: number;
}

/** What an instrumented module exports as globals of 64 bits, in the order in which a counter keeps them. */
export const instrumentation = ["executed_instructions", "heap_allocations"] as const;

/** Adds up; one for each stream and root. A stream makes a handful of different calls: short lists, since a table for all would cost more than the calls. */
export class Counter {
  private readonly functions: number[] = [];
  private readonly callTimes: number[] = [];
  private readonly callbacks: string[] = [];
  private readonly callbackTimes: number[] = [];
  toGuest = 0;
  fromGuest = 0;
  allocations = 0;
  allocated = 0;
  private readonly executed: number[] = [];

  /** @param index of the host function in `hostNames` */
  call(index: number): void {
    const at = this.functions.indexOf(index);
    if (at >= 0) this.callTimes[at] = (this.callTimes[at] as number) + 1;
    else {
      this.functions.push(index);
      this.callTimes.push(1);
    }
  }

  enter(callback: string): void {
    const at = this.callbacks.indexOf(callback);
    if (at >= 0) this.callbackTimes[at] = (this.callbackTimes[at] as number) + 1;
    else {
      this.callbacks.push(callback);
      this.callbackTimes.push(1);
    }
  }

  /** @param what its place in `instrumentation` */
  execute(what: number, times: number): void {
    this.executed[what] = (this.executed[what] ?? 0) + times;
  }

  get(): Counts {
    const [guestInstructions, guestHeapAllocations] = this.executed;
    return {
      hostCalls: Object.fromEntries(this.functions.map((index, i) => [hostNames[index] as string, this.callTimes[i] as number])),
      callbacks: Object.fromEntries(this.callbacks.map((name, i) => [name, this.callbackTimes[i] as number])),
      bytesToGuest: this.toGuest,
      bytesFromGuest: this.fromGuest,
      guestAllocations: this.allocations,
      guestAllocatedBytes: this.allocated,
      ...(guestInstructions === undefined ? {} : { guestInstructions }),
      ...(guestHeapAllocations === undefined ? {} : { guestHeapAllocations }),
    };
  }
}

/** Both together. */
export function sumOf(a: Counts | undefined, b: Counts): Counts {
  if (!a) return b;
  const add = (one: Record<string, number>, other: Record<string, number>) => {
    const sum = { ...one };
    for (const [name, times] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + times;
    return sum;
  };
  return {
    hostCalls: add(a.hostCalls, b.hostCalls),
    callbacks: add(a.callbacks, b.callbacks),
    bytesToGuest: a.bytesToGuest + b.bytesToGuest,
    bytesFromGuest: a.bytesFromGuest + b.bytesFromGuest,
    guestAllocations: a.guestAllocations + b.guestAllocations,
    guestAllocatedBytes: a.guestAllocatedBytes + b.guestAllocatedBytes,
    ...(a.guestInstructions === undefined ? {} : { guestInstructions: a.guestInstructions + (b.guestInstructions ?? 0) }),
    ...(a.guestHeapAllocations === undefined ? {} : { guestHeapAllocations: a.guestHeapAllocations + (b.guestHeapAllocations ?? 0) }),
  };
}
