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
}

/** Adds up; one for each stream and root. */
export class Counter {
  readonly calls = new Uint32Array(hostNames.length);
  readonly entered = new Map<string, number>();
  toGuest = 0;
  fromGuest = 0;
  allocations = 0;
  allocated = 0;

  get(): Counts {
    const hostCalls: Record<string, number> = {};
    for (let i = 0; i < this.calls.length; i++) {
      if (this.calls[i] !== 0) hostCalls[hostNames[i] as string] = this.calls[i] as number;
    }
    return {
      hostCalls,
      callbacks: Object.fromEntries(this.entered),
      bytesToGuest: this.toGuest,
      bytesFromGuest: this.fromGuest,
      guestAllocations: this.allocations,
      guestAllocatedBytes: this.allocated,
    };
  }
}
