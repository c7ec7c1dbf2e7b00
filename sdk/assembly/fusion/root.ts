import { Status } from "../abi/enums";
import { monotonicNanoseconds } from "../clock";
import { HttpContext } from "../context/http";
import { RootFactory } from "../context/registry";
import { RootContext } from "../context/root";
import { Headers } from "../headers/headers";
import { JsonObject } from "../json/object";
import { SharedQueue } from "../shared-queue";
import { FusedStream } from "./stream";
import { Ticks } from "./ticks";

/** A root whose parts are other roots, in the order of its configuration: a filter chain in one VM. HTTP only: connections pass it. */
export class FusedRoot extends RootContext {
  private parts: RootContext[] = [];
  private ticks: Ticks = new Ticks(0);
  /** What is asked of the host when all parts have had their turn. */
  private ticking: bool = false;
  private period: u32 = 0;
  /** Parts that put off their end. */
  private waiting: StaticArray<bool> = [];
  private queues: SharedQueue[] = [];
  private listeners: i32[] = [];

  constructor(
    private names: string[],
    private factories: RootFactory[],
  ) {
    super();
  }

  configure(json: JsonObject): bool {
    const array = json.array("filters");
    this.ticks = new Ticks(array.length);
    this.waiting = new StaticArray<bool>(array.length);
    let accepted = true;
    for (let i = 0; i < array.length; i++) {
      const object = array.object(i);
      if (!object.present) continue;
      const factory = object.has("name") ? object.choice("name", this.names, -1) : -1;
      if (!object.has("name")) object.problem("", "name is missing");
      if (factory < 0) {
        object.ignore("config");
        continue;
      }
      const part = this.join(this.factories[factory](), this.names[factory]);
      if (part.configure(object.object("config"))) continue;
      accepted = false;
      // It has said why in a line of its own, or the document will.
      if (part._told) this._told = true;
    }
    return json.ok() && accepted;
  }

  private join(part: RootContext, name: string): RootContext {
    part._id = this._id;
    part._rootId = this._id;
    part._name = name;
    part._whole = this;
    part._place = this.parts.length;
    this.parts.push(part);
    return part;
  }

  createHttpContext(): HttpContext | null {
    return new FusedStream(this.parts);
  }

  onLogOnly(requestHeaders: Headers): void {
    for (let i = 0; i < this.parts.length; i++) this.parts[i]._logs(this._logged, requestHeaders);
  }

  onTick(): void {
    const now = monotonicNanoseconds();
    this.ticking = true;
    for (let i = 0; i < this.parts.length; i++) if (this.ticks.take(i, now)) this.parts[i].onTick();
    this.ticking = false;
    this.arm(now);
  }

  /** Whoever was registered for the queue looks into it: the first takes what there is. */
  onQueueReady(queue: SharedQueue): void {
    for (let i = 0; i < this.queues.length; i++) {
      if (this.queues[i].token == queue.token) this.parts[this.listeners[i]].onQueueReady(queue);
    }
  }

  onDone(): bool {
    let done = true;
    for (let i = 0; i < this.parts.length; i++) {
      if (this.parts[i].onDone()) continue;
      this.waiting[i] = true;
      done = false;
    }
    return done;
  }

  onDelete(): void {
    for (let i = 0; i < this.parts.length; i++) this.parts[i].onDelete();
  }

  /** @internal */
  _partTicks(place: i32, milliseconds: u32): Status {
    this.ticks.set(place, milliseconds);
    return this.ticking ? Status.Ok : this.arm(monotonicNanoseconds());
  }

  /** The host is told only what it does not know: its timer goes on by itself. */
  private arm(now: u64): Status {
    const period = this.ticks.period(now);
    // Asked for no timer a host still says whether it has any.
    if (period == this.period && period != 0) return Status.Ok;
    const status = this.setTickPeriod(period);
    if (status == Status.Ok) this.period = period;
    return status;
  }

  /** @internal */
  _partDone(place: i32): Status {
    if (!this.waiting[place]) return Status.NotFound;
    this.waiting[place] = false;
    for (let i = 0; i < this.waiting.length; i++) if (this.waiting[i]) return Status.Ok;
    return this.done();
  }

  /** @internal */
  _partListens(place: i32, queue: SharedQueue): void {
    this.queues.push(queue);
    this.listeners.push(place);
  }
}
