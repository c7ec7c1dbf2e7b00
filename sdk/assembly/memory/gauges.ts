import { Gauge } from "../metrics";
import { MemoryStats } from "./memory";

/**
 * Three gauges of a module's memory: `<prefix>_linear_memory_bytes`, `<prefix>_arena_high_water_bytes`, `<prefix>_live_objects`. All
 * VMs of a plugin share them, and each shows the one that reported last. Make it in `configure`; `tick` at each request.
 */
export class MemoryGauges {
  private linearMemory: Gauge;
  private arenaHighWater: Gauge;
  private liveObjects: Gauge;
  private ticks: u32 = 0;

  constructor(prefix: string) {
    this.linearMemory = new Gauge(prefix + "_linear_memory_bytes");
    this.arenaHighWater = new Gauge(prefix + "_arena_high_water_bytes");
    this.liveObjects = new Gauge(prefix + "_live_objects");
  }

  /** At each request: reports now and then, for three host calls a request would be dear. */
  tick(): void {
    if ((++this.ticks & 1023) == 0) this.report();
  }

  report(): void {
    this.linearMemory.set(MemoryStats.linearMemory());
    this.arenaHighWater.set(MemoryStats.arenaHighWater());
    this.liveObjects.set(MemoryStats.liveObjects());
  }
}
