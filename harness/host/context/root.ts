import type { Timer } from "../clock.ts";
import type { Plugin } from "../plugins/plugin.ts";
import type { PropertySource } from "../properties/source.ts";
import { rootProperties } from "../properties/source.ts";
import { streamProperties } from "../properties/stream.ts";
import type { CalloutAnswer, PendingCallout } from "../router/callouts.ts";
import { Body } from "../stream/body.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { HttpStream } from "../stream/stream.ts";
import type { Vm } from "../vm/vm.ts";
import { BufferType, Context, type GuestBuffer, MapType } from "./context.ts";
import { type GrpcAnswer, GrpcCalls } from "./grpc-calls.ts";

/** A plugin's context in one VM: takes the configuration, owns the timer and the callouts. */
export class RootContext extends Context {
  /** The answer that is being handed to the module. */
  private answer: CalloutAnswer | undefined;
  readonly grpc: GrpcCalls;
  /** What a gRPC callback can read. */
  private grpcAnswer: GrpcAnswer | undefined;
  private readonly callouts = new Map<number, PendingCallout>();
  private configuring = false;
  private tick: Timer | undefined;
  private tickPeriod = 0;
  private pendingDone: boolean | undefined;
  deleted = false;
  /** The stream that an access logger is being told of. */
  private logged: HttpStream | undefined;

  constructor(vm: Vm, plugin: Plugin) {
    super(vm, plugin);
    this.grpc = new GrpcCalls(vm, (name, token, count, answer) => {
      if (this.deleted) return;
      const before = this.grpcAnswer;
      this.grpcAnswer = answer;
      this.notify(name, token, count);
      this.grpcAnswer = before;
    });
  }

  get root(): RootContext {
    return this;
  }

  get logSource(): string {
    const { rootId } = this.plugin.spec;
    return [rootId, this.vm.spec.vmId].filter((part) => part !== "").join(" ");
  }

  get properties(): PropertySource {
    const { logged } = this;
    return logged ? streamProperties(this, logged, { ...logged, logging: true }) : rootProperties(this.vm, this.plugin);
  }

  override get logging(): boolean {
    return this.logged !== undefined;
  }

  /** As an access logger: a stream is over. */
  log(stream: HttpStream): void {
    if (this.deleted) return;
    this.logged = stream;
    this.notify("proxy_on_log");
    this.logged = undefined;
  }

  /** `proxy_on_context_create` and `proxy_on_vm_start`, then `proxy_on_configure`. @returns false when the module refused or trapped */
  start(): boolean {
    // The configuration is there while the root is made, gone while the VM starts, and there again (envoy-1.40-verified, 16).
    this.configuring = true;
    if (this.vm.has("proxy_on_context_create")) this.vm.enter("proxy_on_context_create", this, this.id, 0);
    this.created = true;
    this.configuring = false;
    if (this.notify("proxy_on_vm_start", this.vm.spec.vmConfig.length) === 0 || this.vm.failed) return false;
    // What it put off while it was made runs only now.
    this.vm.drain();
    if (!this.vm.has("proxy_on_configure")) return true;
    this.configuring = true;
    const answer = this.vm.enter("proxy_on_configure", this, this.id, this.plugin.configuration.length);
    this.vm.drain();
    this.configuring = false;
    return answer !== 0 && !this.vm.failed;
  }

  /** @param ms 0 stops it */
  setTickPeriod(ms: number): void {
    this.tickPeriod = ms;
    this.tick?.cancel();
    this.tick = undefined;
    if (ms > 0 && this.vm.ticks) this.schedule();
  }

  private schedule(): void {
    this.tick = this.vm.host.clock.after(
      this.tickPeriod,
      () => {
        this.tick = undefined;
        const before = this.tickPeriod;
        this.notify("proxy_on_tick");
        // The callback may have set another period, which counts from now, or ended the root.
        if (this.tick === undefined && this.tickPeriod === before && before > 0 && !this.deleted && !this.vm.failed) this.schedule();
      },
      this.vm,
    );
  }

  /** Makes an HTTP call; the answer comes to this root whoever asked. */
  call(start: (deliver: (answer: CalloutAnswer) => void) => PendingCallout | undefined): number | undefined {
    const token = this.vm.httpToken;
    const pending = start((answer) => this.answered(token, answer));
    if (pending === undefined) return undefined;
    this.vm.httpToken += 4;
    this.callouts.set(token, pending);
    return token;
  }

  private answered(token: number, answer: CalloutAnswer): void {
    if (!this.callouts.delete(token) || this.deleted) return;
    this.answer = answer;
    // Only when the callback's deferred work has run is the answer gone.
    this.notify("proxy_on_http_call_response", token, answer.headers?.size ?? 0, answer.body.length, answer.trailers?.size ?? 0);
    this.answer = undefined;
  }

  queueReady(id: number): void {
    if (!this.deleted) this.notify("proxy_on_queue_ready", id);
  }

  /** The plugin is gone: asks whether it is done, and deletes it if so. */
  shutdown(): void {
    if (this.deleted) return;
    if (this.notify("proxy_on_done") === 0 && !this.vm.failed) this.pendingDone = true;
    else this.delete();
  }

  /** `proxy_done`. @returns false when nothing was put off */
  done(): boolean {
    if (!this.pendingDone) return false;
    this.pendingDone = false;
    this.vm.afterCall.push(() => this.delete());
    return true;
  }

  /** Without asking: the VM goes away, or the host stops. */
  drop(): void {
    this.deleted = true;
    this.tick?.cancel();
    for (const callout of this.callouts.values()) callout.cancel();
    this.callouts.clear();
    this.grpc.drop();
  }

  private delete(): void {
    if (this.deleted) return;
    this.notify("proxy_on_delete");
    this.drop();
    this.forget();
  }

  override readMap(type: number): HeaderMap | undefined {
    if (type === MapType.RequestHeaders) return this.logged?.requestHeaders;
    if (type === MapType.ResponseHeaders) return this.logged?.responseHeaders;
    if (type === MapType.ResponseTrailers) return this.logged?.responseTrailers;
    if (type === MapType.CalloutHeaders) return this.answer?.headers;
    if (type === MapType.CalloutTrailers) return this.answer?.trailers;
    if (type === MapType.GrpcInitialMetadata) return this.grpcAnswer?.initialMetadata;
    if (type === MapType.GrpcTrailingMetadata) return this.grpcAnswer?.trailingMetadata;
    return undefined;
  }

  override buffer(type: number): GuestBuffer {
    if (type === BufferType.CalloutBody) return this.answer?.headers ? this.answer.body : undefined;
    // Envoy takes an edit of a message, and it comes to nothing.
    if (type === BufferType.GrpcMessage && this.grpcAnswer?.message) return new Body(this.grpcAnswer.message);
    if (type === BufferType.VmConfiguration) return this.vm.spec.vmConfig;
    if (type === BufferType.PluginConfiguration) return this.configuring ? this.plugin.configuration : undefined;
    return super.buffer(type);
  }

  /** The reason of the last callout that failed, for `proxy_get_status`. */
  get calloutStatus(): { code: number; message: string } {
    if (this.grpcAnswer?.status) return this.grpcAnswer.status;
    return this.answer && this.answer.headers === undefined ? { code: 11, message: "reset" } : { code: 0, message: "" };
  }
}
