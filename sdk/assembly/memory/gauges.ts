import { Gauge } from "../metrics";
import { MemoryStats } from "./memory";

/**
 * Three gauges of a module's memory: `<prefix>_linear_memory_bytes`, `<prefix>_arena_high_water_bytes`, `<prefix>_live_objects`. All
 * VMs of a plugin share them, and each shows the one that reported last. Make it in `configure`; report now and then, not per request.
 */
export class MemoryGauges {
  private linearMemory: Gauge;
  private arenaHighWater: Gauge;
  private liveObjects: Gauge;

  constructor(prefix: string) {
    this.linearMemory = new Gauge(prefix + "_linear_memory_bytes");
    this.arenaHighWater = new Gauge(prefix + "_arena_high_water_bytes");
    this.liveObjects = new Gauge(prefix + "_live_objects");
  }

  report(): void {
    this.linearMemory.set(MemoryStats.linearMemory());
    this.arenaHighWater.set(MemoryStats.arenaHighWater());
    this.liveObjects.set(MemoryStats.liveObjects());
  }
}
