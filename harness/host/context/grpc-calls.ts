import { GrpcStatus } from "../router/grpc-status.ts";
import type { GrpcCallbacks, GrpcStream } from "../router/grpc-stream.ts";
import { Status } from "../status.ts";
import type { HeaderMap } from "../stream/header-map.ts";
import type { Vm } from "../vm/vm.ts";

/** Tokens say in their two low bits what they are of: 1 a call, 2 a stream. */
const CALL = 1;
const STREAM = 2;
const kindOf = (token: number) => token & 3;

/** What the module can read in a gRPC callback. */
export interface GrpcAnswer {
  initialMetadata?: HeaderMap;
  trailingMetadata?: HeaderMap;
  message?: Buffer;
  status?: { code: number; message: string };
}

/** Calls one of the root's callbacks; `answer` can be read while it runs. */
export type GrpcNotify = (name: string, token: number, count: number, answer: GrpcAnswer) => void;

interface Entry {
  stream: GrpcStream;
  /** `proxy_grpc_close` was called: with the other side's end the token goes. */
  closed: boolean;
}

/** The gRPC calls and streams of a root, by token: Envoy's bookkeeping (source/extensions/common/wasm/context.cc). */
export class GrpcCalls {
  private readonly calls = new Map<number, GrpcStream>();
  private readonly streams = new Map<number, Entry>();

  constructor(
    private readonly vm: Vm,
    private readonly notify: GrpcNotify,
  ) {}

  /** @returns the token, or undefined when it failed at once: the close still comes, after the callback */
  call(make: (callbacks: GrpcCallbacks) => GrpcStream, begin: (stream: GrpcStream) => void): number | undefined {
    const token = this.vm.grpcToken(CALL);
    let message: Buffer | undefined;
    const ended = (tell: () => void) => {
      this.calls.delete(token);
      tell();
    };
    const stream = make({
      initialMetadata: () => undefined,
      // Of several messages the last one is the answer.
      message: (bytes) => {
        message = bytes;
      },
      trailingMetadata: () => undefined,
      close: (status, why) => {
        const bytes = message;
        if (status === GrpcStatus.Ok && bytes !== undefined) {
          ended(() => this.notify("proxy_on_grpc_receive", token, bytes.length, { message: bytes }));
        } else if (status === GrpcStatus.Ok) ended(() => this.close(token, GrpcStatus.Internal, ""));
        else ended(() => this.close(token, status, why));
      },
    });
    this.calls.set(token, stream);
    begin(stream);
    return stream.ended ? undefined : token;
  }

  /** @returns as `call` does */
  stream(make: (callbacks: GrpcCallbacks) => GrpcStream, begin: (stream: GrpcStream) => void): number | undefined {
    const token = this.vm.grpcToken(STREAM);
    const stream = make({
      initialMetadata: (metadata) =>
        this.notify("proxy_on_grpc_receive_initial_metadata", token, metadata.size, { initialMetadata: metadata }),
      message: (bytes) => this.notify("proxy_on_grpc_receive", token, bytes.length, { message: bytes }),
      trailingMetadata: (metadata) =>
        this.notify("proxy_on_grpc_receive_trailing_metadata", token, metadata.size, { trailingMetadata: metadata }),
      close: (status, why) => {
        this.close(token, status, why);
        if (this.streams.get(token)?.closed) this.streams.delete(token);
      },
    });
    this.streams.set(token, { stream, closed: false });
    begin(stream);
    if (!stream.ended) return token;
    this.streams.delete(token);
    return undefined;
  }

  /** Within a callback of the module the close waits for its end. */
  private close(token: number, code: number, message: string): void {
    const tell = () => this.notify("proxy_on_grpc_close", token, code, { status: { code, message } });
    if (this.vm.host.state.current !== undefined) this.vm.afterCall.push(tell);
    else tell();
  }

  send(token: number, message: Uint8Array, end: boolean): Status {
    if (kindOf(token) !== STREAM) return Status.BadArgument;
    const entry = this.streams.get(token);
    if (!entry) return Status.NotFound;
    entry.stream.send(message, end);
    return Status.Ok;
  }

  /** Ends our side; a call, which has none, is cancelled. A stream whose other side has ended is forgotten. */
  closeLocal(token: number): Status {
    if (kindOf(token) === CALL) return this.cancel(token);
    if (kindOf(token) !== STREAM) return Status.BadArgument;
    const entry = this.streams.get(token);
    if (!entry) return Status.NotFound;
    entry.stream.closeLocal();
    if (entry.stream.ended) this.streams.delete(token);
    else entry.closed = true;
    return Status.Ok;
  }

  cancel(token: number): Status {
    if (kindOf(token) !== CALL && kindOf(token) !== STREAM) return Status.BadArgument;
    const stream = this.calls.get(token) ?? this.streams.get(token)?.stream;
    if (!stream) return Status.NotFound;
    stream.cancel();
    this.calls.delete(token);
    this.streams.delete(token);
    return Status.Ok;
  }

  /** The root is gone. */
  drop(): void {
    for (const stream of [...this.calls.values(), ...[...this.streams.values()].map((entry) => entry.stream)]) stream.cancel();
    this.calls.clear();
    this.streams.clear();
  }
}
