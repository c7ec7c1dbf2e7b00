import { proxy_get_buffer_bytes, proxy_grpc_call, proxy_grpc_cancel } from "../abi/imports";
import { BufferType, GrpcStatus, Status } from "../abi/enums";
import { clearOut, OUT, OUT_EXTRA, OUT_LENGTH, outBytes, setLastStatus } from "../abi/out";
import { Bytes, EMPTY } from "../bytes";
import { BaseContext } from "../context/base";
import { activate } from "../context/callback";
import { IdTable } from "../context/table";
import { HeaderList } from "../headers/list";
import { ArenaBuffer } from "../memory/arena";
import { Misuse, refuse } from "../refuse";
import { cleanUpGrpc } from "./cleanup";
import { checkMetadata, isMethodName } from "./metadata";
import { GrpcService } from "./service";
import { GrpcEnd } from "./status";

/** A unary call under way. Compare it with `response.call` when several are. */
export class GrpcCall {
  constructor(
    /** Ok, or why there will be no answer. */
    readonly status: Status,
    /** Envoy's number of the call; 0 unless Ok. */
    readonly token: u32,
    /** @internal */
    readonly _contextId: u32,
    /** @internal */
    readonly _rootId: u32,
    /** @internal Who asked: of a fused stream a part. */
    readonly _owner: BaseContext,
  ) {}

  /** Gives it up: no answer comes. NotFound when it is over. */
  cancel(): Status {
    if (calls.get(this.token) !== this) return Status.NotFound;
    const status = activate(this._rootId);
    if (status != Status.Ok) return status;
    calls.remove(this.token);
    return setLastStatus(proxy_grpc_cancel(this.token));
  }
}

/** The answer to a call: a message, or how it failed. Valid until the callback ends. */
export class GrpcCallResponse {
  /**
   * @internal
   * @param end null: it succeeded
   */
  constructor(
    /** The same object that `grpcCall` returned. */
    readonly call: GrpcCall,
    /** The message, serialized; empty unless `status` is Ok. */
    readonly message: Bytes,
    /** How it failed; null when `status` is Ok. */
    readonly failure: GrpcEnd | null,
  ) {}

  get status(): GrpcStatus {
    const failure = this.failure;
    return failure === null ? GrpcStatus.Ok : failure.status;
  }
}

const calls: IdTable<GrpcCall> = new IdTable<GrpcCall>();

/** @internal See `BaseContext.grpcCall`. */
export function startGrpcCall(
  context: BaseContext,
  service: GrpcService,
  method: Bytes,
  message: Bytes,
  timeout: u32,
  metadata: HeaderList | null,
): GrpcCall {
  const block = new ArenaBuffer();
  let status = readyFor(context, method, metadata, block);
  let token: u32 = 0;
  if (status == Status.Ok) {
    message._fresh();
    clearOut();
    const target = service._target;
    const name = service.name;
    status = setLastStatus(
      proxy_grpc_call(
        target.ptr,
        target.length,
        name.ptr,
        name.length,
        method.ptr,
        method.length,
        block.at,
        block.length,
        message.ptr,
        message.length,
        timeout,
        OUT_EXTRA,
      ),
    );
    if (status == Status.Ok) token = load<u32>(OUT_EXTRA);
  }
  const call = new GrpcCall(status, token, context._id, context._rootId, context);
  if (token != 0) {
    calls.set(token, call);
    cleanUpGrpc();
  }
  return call;
}

/** @internal Checks what a call or stream starts with, and writes its metadata to `into`. */
export function readyFor(context: BaseContext, method: Bytes, metadata: HeaderList | null, into: ArenaBuffer): Status {
  method._fresh();
  let status = checkMetadata(metadata);
  if (status == Status.Ok && !isMethodName(method)) {
    status = refuse(Misuse.HeaderValue, "gRPC method " + method.toString() + ": letters, digits, _, - and . only");
  }
  if (status == Status.Ok) status = activate(context._id);
  if (status != Status.Ok) return status;
  if (metadata !== null) metadata.serialize(into);
  return into.ok ? Status.Ok : Status.InvalidMemoryAccess;
}

/** @internal Takes the call of a token out of the table; null when it is not ours. */
export function takeGrpcCall(token: u32): GrpcCall | null {
  return calls.remove(token);
}

/** @internal The message that a callback brings, borrowed. */
export function readMessage(size: i32): Bytes {
  if (size <= 0) return EMPTY;
  clearOut();
  const status = setLastStatus(proxy_get_buffer_bytes(BufferType.GrpcMessage, 0, size, OUT, OUT_LENGTH));
  return status == Status.Ok ? outBytes() : EMPTY;
}

/** @internal Drops what a root that is deleted, or its streams, still wait for. */
export function dropGrpcCalls(rootId: u32): void {
  calls.removeWhere(rootId, (call: GrpcCall, id: u32) => call._rootId == id);
}
