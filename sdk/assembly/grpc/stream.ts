import { proxy_grpc_cancel, proxy_grpc_close, proxy_grpc_send, proxy_grpc_stream } from "../abi/imports";
import { Status } from "../abi/enums";
import { clearOut, OUT_EXTRA, setLastStatus } from "../abi/out";
import { Bytes } from "../bytes";
import { BaseContext } from "../context/base";
import { activate } from "../context/callback";
import { IdTable } from "../context/table";
import { HeaderList } from "../headers/list";
import { ArenaBuffer } from "../memory/arena";
import { readyFor } from "./call";
import { cleanUpGrpc } from "./cleanup";
import { GrpcService } from "./service";

/**
 * A stream of messages in both directions. It belongs to the context that opened it: when that is an HTTP stream which ends, it is cancelled.
 * Open what shall live longer from the root.
 */
export class GrpcStream {
  /** @internal We have said that nothing more comes from us. */
  _closed: bool = false;

  constructor(
    /** Ok, or why it did not open: then no callback comes. */
    readonly status: Status,
    /** Envoy's number of the stream; 0 unless Ok. */
    readonly token: u32,
    /** @internal */
    readonly _contextId: u32,
    /** @internal */
    readonly _rootId: u32,
    /** @internal Who asked: of a fused stream a part. */
    readonly _owner: BaseContext,
  ) {}

  /** True until it is cancelled or the other side has ended it. */
  get open(): bool {
    return this.token != 0 && streams.get(this.token) === this;
  }

  /**
   * Sends a message.
   * @param endOfStream it is the last one from here
   * @returns NotFound when the stream is over, BadArgument behind the last message: Envoy would drop it without a word
   */
  send(message: Bytes, endOfStream: bool = false): Status {
    if (!this.open) return Status.NotFound;
    if (this._closed) return Status.BadArgument;
    message._fresh();
    const status = activate(this._rootId);
    if (status != Status.Ok) return status;
    if (endOfStream) this._closed = true;
    return setLastStatus(proxy_grpc_send(this.token, message.ptr, message.length, endOfStream ? 1 : 0));
  }

  /** Nothing more comes from here; the other side may go on. Ok also when that was said before. */
  close(): Status {
    if (!this.open) return Status.NotFound;
    if (this._closed) return Status.Ok;
    const status = activate(this._rootId);
    if (status != Status.Ok) return status;
    this._closed = true;
    return setLastStatus(proxy_grpc_close(this.token));
  }

  /** Resets it: no callback comes any more. NotFound when it is over. */
  cancel(): Status {
    if (!this.open) return Status.NotFound;
    const status = activate(this._rootId);
    if (status != Status.Ok) return status;
    streams.remove(this.token);
    return setLastStatus(proxy_grpc_cancel(this.token));
  }
}

const streams: IdTable<GrpcStream> = new IdTable<GrpcStream>();

/** @internal See `BaseContext.grpcStream`. */
export function startGrpcStream(context: BaseContext, service: GrpcService, method: Bytes, metadata: HeaderList | null): GrpcStream {
  const block = new ArenaBuffer();
  let status = readyFor(context, method, metadata, block);
  let token: u32 = 0;
  if (status == Status.Ok) {
    clearOut();
    const target = service._target;
    const name = service.name;
    status = setLastStatus(
      proxy_grpc_stream(target.ptr, target.length, name.ptr, name.length, method.ptr, method.length, block.at, block.length, OUT_EXTRA),
    );
    if (status == Status.Ok) token = load<u32>(OUT_EXTRA);
  }
  const stream = new GrpcStream(status, token, context._id, context._rootId, context);
  if (token != 0) {
    streams.set(token, stream);
    cleanUpGrpc();
    context._streams++;
  }
  return stream;
}

/** @internal null when it is none of ours, or was cancelled. */
export function grpcStreamOf(token: u32): GrpcStream | null {
  return streams.get(token);
}

/** @internal The other side has ended it and the context was told: Envoy keeps a stream until we have closed it, too. */
export function grpcStreamOver(stream: GrpcStream): void {
  streams.remove(stream.token);
  if (activate(stream._rootId) == Status.Ok) proxy_grpc_close(stream.token);
}

/** @internal Cancels those that an HTTP stream has left open. */
export function cancelGrpcStreams(contextId: u32): void {
  streams.removeWhere(contextId, (stream: GrpcStream, id: u32) => {
    if (stream._contextId != id) return false;
    if (activate(stream._rootId) == Status.Ok) proxy_grpc_cancel(stream.token);
    return true;
  });
}

/** @internal Drops those of a root that is deleted, and of its streams; Envoy has ended them. */
export function dropGrpcStreams(rootId: u32): void {
  streams.removeWhere(rootId, (stream: GrpcStream, id: u32) => stream._rootId == id);
}
