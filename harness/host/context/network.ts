import type { NetworkCallbacks, NetworkFilter } from "../network/stream.ts";
import type { Plugin } from "../plugins/plugin.ts";
import { networkProperties } from "../properties/network.ts";
import type { PropertySource } from "../properties/source.ts";
import type { Body } from "../stream/body.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { Vm } from "../vm/vm.ts";
import { BufferType, type GuestBuffer, StreamLike } from "./context.ts";
import type { RootContext } from "./root.ts";

/** One TCP connection as one plugin sees it. */
export class NetworkContext extends StreamLike implements NetworkFilter {
  private downstream: Body | undefined;
  private upstream: Body | undefined;
  private isOver = false;
  private broken = false;

  constructor(
    vm: Vm,
    plugin: Plugin,
    rootContext: RootContext,
    private readonly chain: NetworkCallbacks,
    onEnd: () => void,
  ) {
    super(vm, plugin, rootContext, onEnd);
  }

  get properties(): PropertySource {
    return networkProperties(this, this.chain.stream);
  }

  // What the chain does.

  newConnection(): boolean {
    this.create(this.rootContext.id);
    return this.call("proxy_on_new_connection", 0, 0);
  }

  data(data: Body, end: boolean): boolean {
    if (!this.created) return true;
    this.downstream = data;
    const goesOn = this.call("proxy_on_downstream_data", data.length, Number(end));
    if (goesOn) this.downstream = undefined;
    return goesOn;
  }

  write(data: Body, end: boolean): boolean {
    if (!this.created) return true;
    this.upstream = data;
    const goesOn = this.call("proxy_on_upstream_data", data.length, Number(end));
    if (goesOn) this.upstream = undefined;
    // Envoy knows no more of the upstream's connection than the end of what it sends.
    if (end) this.notify("proxy_on_upstream_connection_close", 0);
    return goesOn;
  }

  closed(by: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.downstream = undefined;
    this.upstream = undefined;
    if (this.created) {
      this.notify("proxy_on_downstream_connection_close", by);
      this.notify("proxy_on_done");
      this.notify("proxy_on_log");
      this.notify("proxy_on_delete");
    }
    this.forget();
    this.onEnd();
  }

  /** @returns whether the iteration goes on */
  private call(callback: string, a: number, b: number): boolean {
    const { vm } = this;
    if (vm.failed) {
      const goesOn = this.fail();
      vm.drain();
      return goesOn;
    }
    if (!vm.has(callback)) return true;
    const answer = vm.enter(callback, this, this.id, a, b);
    const goesOn = vm.failed ? this.fail() : answer === 0;
    vm.drain();
    return goesOn;
  }

  /** Whatever the failure policy: it is about connections that are yet to come. */
  private fail(): false {
    if (!this.broken) this.vm.afterCall.push(() => this.chain.close());
    this.broken = true;
    return false;
  }

  // What the module calls.

  override readMap(type: number): HeaderMap | undefined {
    return this.rootContext.readMap(type);
  }

  override buffer(type: number): GuestBuffer {
    if (type === BufferType.DownstreamData) return this.downstream ?? "absent";
    if (type === BufferType.UpstreamData) return this.upstream ?? "absent";
    return this.rootContext.buffer(type);
  }

  override continueDownstream(): void {
    this.vm.afterCall.push(() => {
      if (this.isOver) return;
      this.downstream = undefined;
      this.chain.continueReading();
    });
  }

  override closeConnection(): void {
    if (!this.isOver) this.vm.afterCall.push(() => this.chain.close());
  }

  protected override get filterState(): Map<string, Buffer> {
    return this.chain.stream.info.filterState;
  }
}
