// @ts-nocheck asc compiles this; an editor knows no decorators up here, and none of the names that only asc gives.
import { highWater } from "./arena";

/** Collect when this much was allocated since the last time: some thousand streams' context objects. */
// @ts-ignore: decorator
@inline const THRESHOLD: usize = 128 * 1024;

let collections: u32 = 0;
let callbacks: u32 = 0;

/**
 * Called at the end of each top-level callback, when no wasm frame is alive. Collects when as much was allocated as lives,
 * at least 128 KiB: so the cost per request stays flat with the number of open streams.
 */
export function collectWhenDue(): void {
  if (isDefined(__sdk_allocated)) {
    const allocated = __sdk_allocated;
    if (allocated < THRESHOLD || allocated * 2 < __sdk_live_bytes) return;
  } else if (++callbacks & 4095) {
    return; // AssemblyScript's own minimal runtime does not count: collect every 4,096 callbacks
  }
  collections++;
  __collect();
}

/** What a module uses, for gauges and logs. */
export class MemoryStats {
  /** The module's linear memory, in bytes. It never shrinks. */
  static linearMemory(): u32 {
    return (<u32>memory.size()) << 16;
  }

  /** The most bytes of host answers that one callback has held. */
  static arenaHighWater(): u32 {
    return <u32>highWater();
  }

  /** Managed objects that exist, garbage since the last collection included; 0 with a runtime that does not count. */
  static liveObjects(): u32 {
    if (isDefined(__sdk_live_objects)) return __sdk_live_objects;
    return 0;
  }

  static collections(): u32 {
    return collections;
  }
}
