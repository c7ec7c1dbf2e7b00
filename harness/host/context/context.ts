import type { HeaderPairs } from "../../upstreams/types.ts";
import { Counter } from "../counts.ts";
import type { Plugin } from "../plugins/plugin.ts";
import type { PropertySource } from "../properties/source.ts";
import type { Body } from "../stream/body.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { Vm } from "../vm/vm.ts";
import type { RootContext } from "./root.ts";

/** The header maps of the ABI, by number. */
export const MapType = {
  RequestHeaders: 0,
  RequestTrailers: 1,
  ResponseHeaders: 2,
  ResponseTrailers: 3,
  GrpcInitialMetadata: 4,
  GrpcTrailingMetadata: 5,
  CalloutHeaders: 6,
  CalloutTrailers: 7,
} as const;

/** The buffers of the ABI, by number. */
export const BufferType = {
  RequestBody: 0,
  ResponseBody: 1,
  DownstreamData: 2,
  UpstreamData: 3,
  CalloutBody: 4,
  GrpcMessage: 5,
  VmConfiguration: 6,
  PluginConfiguration: 7,
  CallData: 8,
} as const;

/** A local reply that a filter asks for. */
export interface LocalReply {
  status: number;
  body: string;
  headers: HeaderPairs;
  /** -1 for none; 0 to 16 are gRPC's. */
  grpcStatus: number;
  details: string;
}

/** What a module's buffer call reaches: a body that can be edited, or bytes that cannot. `absent`: Envoy has the buffer, without data. */
export type GuestBuffer = Body | Buffer | "absent" | undefined;

/** Buffers that Envoy has in every phase, if only without data; the others are not found where there is nothing in them. */
const absent: ReadonlySet<number> = new Set([
  BufferType.RequestBody,
  BufferType.ResponseBody,
  BufferType.DownstreamData,
  BufferType.UpstreamData,
  BufferType.GrpcMessage,
  BufferType.CallData,
]);

/**
 * A context of a module: a root (one per plugin configuration and VM) or a stream. The base answers as Envoy does where a context has
 * no such thing.
 */
export abstract class Context {
  readonly id: number;
  readonly counter = new Counter();
  /** What a buffer call of the module reached last. */
  lastBuffer: GuestBuffer = "absent";
  /** Whether the module has been told of it. */
  created = false;

  constructor(
    readonly vm: Vm,
    readonly plugin: Plugin,
  ) {
    this.id = vm.allocateId();
    vm.contexts.set(this.id, this);
  }

  abstract get root(): RootContext;
  /** What stands in front of its log lines. */
  abstract get logSource(): string;
  /** What its properties are read from. */
  abstract get properties(): PropertySource;

  /** A map to read; undefined when there is none in this phase. */
  readMap(_type: number): HeaderMap | undefined {
    return undefined;
  }

  /** A map to edit. */
  editMap(_type: number): HeaderMap | undefined {
    return undefined;
  }

  buffer(type: number): GuestBuffer {
    return absent.has(type) ? "absent" : undefined;
  }

  /** The module is in its log callback. */
  get logging(): boolean {
    return false;
  }

  headersEdited(_type: number): void {}

  continueRequest(): void {}
  continueResponse(): void {}
  closeStream(_type: number): void {}
  /** Of a TCP connection: what was held goes on. */
  continueDownstream(): void {}
  /** Of a TCP connection, whichever side is named. */
  closeConnection(): void {}
  reply(_reply: LocalReply): void {}
  clearRouteCache(): void {}

  /** @returns false when there is nothing to keep it in */
  setProperty(_path: string, _value: Buffer): boolean {
    return false;
  }

  /** Filter state under a name of Envoy's. @returns false when there is nothing to keep it in */
  setFilterState(_key: string, _value: Buffer): boolean {
    return false;
  }

  /** @returns false for a name that was declared before */
  declareProperty(name: string): boolean {
    if (this.declared.has(name)) return false;
    this.declared.add(name);
    return true;
  }

  private readonly declared = new Set<string>();

  /** Ends what the module knows of it. */
  protected forget(): void {
    this.vm.contexts.delete(this.id);
  }

  /** Calls a callback if the module has it and still runs; what it put off runs before this returns. */
  protected notify(name: string, a = 0, b = 0, c = 0, d = 0): number | undefined {
    if (this.vm.failed || !this.vm.has(name)) return undefined;
    const answer = this.vm.enter(name, this, this.id, a, b, c, d);
    this.vm.drain();
    return answer;
  }

  protected create(parent: number): void {
    if (!this.created) this.notify("proxy_on_context_create", parent);
    this.created = true;
  }
}

/** A context below a root: of an HTTP stream or of a TCP connection. */
export abstract class StreamLike extends Context {
  constructor(
    vm: Vm,
    plugin: Plugin,
    protected readonly rootContext: RootContext,
    /** Told when it is over. */
    protected readonly onEnd: () => void,
  ) {
    super(vm, plugin);
  }

  get root(): RootContext {
    return this.rootContext;
  }

  get logSource(): string {
    const { name, rootId } = this.plugin.spec;
    return [name, rootId, this.vm.spec.vmId].filter((part) => part !== "").join(" ");
  }

  /** What filters leave for each other and for access logs, by key. */
  protected abstract get filterState(): Map<string, Buffer>;

  override setProperty(path: string, value: Buffer): boolean {
    this.filterState.set(`wasm.${path}`, value);
    return true;
  }

  override setFilterState(key: string, value: Buffer): boolean {
    this.filterState.set(key, value);
    return true;
  }
}
