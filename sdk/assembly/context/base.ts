import { proxy_get_property, proxy_set_property } from "../abi/imports";
import { Status } from "../abi/enums";
import { clearOut, OUT, OUT_LENGTH, outBytes, setLastStatus } from "../abi/out";
import { Bytes, EMPTY } from "../bytes";
import { HttpCallout, HttpCallResponse, startHttpCall } from "../callout";
import { ForeignFunction, ForeignResult } from "../foreign/call";
import { GrpcCall, GrpcCallResponse, startGrpcCall } from "../grpc/call";
import { GrpcService } from "../grpc/service";
import { GrpcEnd } from "../grpc/status";
import { GrpcStream, startGrpcStream } from "../grpc/stream";
import { Headers } from "../headers/headers";
import { HeaderList } from "../headers/list";
import { PropertyPath } from "../property";
import { activate } from "./callback";

/** What root and stream contexts share: properties and callouts. All host calls are made for this context, whichever callback runs. */
export abstract class BaseContext {
  // AssemblyScript refuses a subclass's member of a private one's name: all that filters do not see begins with "_".
  /** @internal */
  _id: u32 = 0;
  /** @internal The root that made it; its own id for a root. */
  _rootId: u32 = 0;
  /** @internal How many gRPC streams it has opened. */
  _streams: i32 = 0;

  /** Envoy's number of this context, unique in its VM; 0 before the SDK has registered it. */
  get contextId(): u32 {
    return this._id;
  }

  /**
   * An attribute of Envoy or Istio, raw and borrowed; null when absent in this phase. Numbers are 8 bytes little endian, a map
   * is a block of pairs: prefer the typed readers below.
   * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
   */
  property(path: PropertyPath): Bytes | null {
    return this._readProperty(path) ? outBytes() : null;
  }

  propertyString(path: PropertyPath): string | null {
    return this._readProperty(path) ? outBytes().toString() : null;
  }

  /** Integers, and timestamps and durations in nanoseconds; `otherwise` when absent or not 8 bytes. */
  propertyInt(path: PropertyPath, otherwise: i64 = 0): i64 {
    return this._readProperty(path) && load<i32>(OUT_LENGTH) == 8 ? load<i64>(load<usize>(OUT)) : otherwise;
  }

  /** Doubles, which numbers in dynamic metadata are. */
  propertyFloat(path: PropertyPath, otherwise: f64 = 0): f64 {
    return this._readProperty(path) && load<i32>(OUT_LENGTH) == 8 ? load<f64>(load<usize>(OUT)) : otherwise;
  }

  propertyBool(path: PropertyPath, otherwise: bool = false): bool {
    return this._readProperty(path) && load<i32>(OUT_LENGTH) == 1 ? load<u8>(load<usize>(OUT)) != 0 : otherwise;
  }

  /**
   * Sets `wasm.<key>` in the stream's filter state, for access logs (`%FILTER_STATE(wasm.key:PLAIN)%`) and later filters. Nothing
   * else can be set: on `request.path` and its like Envoy answers Ok and does nothing.
   */
  setProperty(key: PropertyPath, value: Bytes): Status {
    value._fresh();
    const status = activate(this._id);
    if (status != Status.Ok) return status;
    return setLastStatus(proxy_set_property(key.bytes.ptr, key.bytes.length, value.ptr, value.length));
  }

  /**
   * Sends an HTTP request to a cluster. The answer comes to `onHttpCallResponse` of this very object, and is dropped when its stream
   * has ended meanwhile.
   *
   * @param cluster a cluster of Envoy's, by name
   * @param headers must hold `:method`, `:path` and `:authority`
   * @param timeoutMilliseconds 0: none
   * @returns the callout; its `status` is Ok, BadArgument (unknown cluster, a missing or invalid header) or InternalFailure (no
   *   endpoint, circuit breaker full). Unless Ok, no answer comes.
   */
  httpCall(
    cluster: Bytes,
    headers: HeaderList,
    body: Bytes = EMPTY,
    timeoutMilliseconds: u32 = 5000,
    trailers: HeaderList | null = null,
  ): HttpCallout {
    return startHttpCall(this, cluster, headers, body, timeoutMilliseconds, trailers);
  }

  /** An answer to `httpCall`, or word that none came: see `response.outcome`. */
  onHttpCallResponse(response: HttpCallResponse): void {}

  /**
   * Calls a method of a gRPC service: one message out, one back. The answer comes to `onGrpcCallResponse` of this very object, and is dropped
   * when its stream has ended meanwhile.
   *
   * @param method its name, without the service's
   * @param message serialized; `ProtoWriter` makes one
   * @param timeoutMilliseconds 0: none
   * @param metadata headers beside those of gRPC itself; Envoy encodes the values of names that end with `-bin`
   * @returns the call; its `status` is Ok, BadArgument (a name or metadata that gRPC does not take) or InternalFailure (unknown cluster, no
   *   endpoint, circuit breaker full). Unless Ok, no answer comes.
   */
  grpcCall(
    service: GrpcService,
    method: Bytes,
    message: Bytes = EMPTY,
    timeoutMilliseconds: u32 = 5000,
    metadata: HeaderList | null = null,
  ): GrpcCall {
    return startGrpcCall(this, service, method, message, timeoutMilliseconds, metadata);
  }

  /** The answer to `grpcCall`: a message, or how it failed. */
  onGrpcCallResponse(response: GrpcCallResponse): void {}

  /**
   * Opens a stream of messages to a method of a gRPC service. What comes back goes to `onGrpcInitialMetadata`, `onGrpcMessage`,
   * `onGrpcTrailingMetadata` and `onGrpcClose` of this very object, in that order.
   *
   * @param method its name, without the service's
   * @returns the stream; its `status` as for `grpcCall`. Unless Ok, no callback comes.
   */
  grpcStream(service: GrpcService, method: Bytes, metadata: HeaderList | null = null): GrpcStream {
    return startGrpcStream(this, service, method, metadata);
  }

  /** The other side's headers; empty when it failed at once ("trailers only"). */
  onGrpcInitialMetadata(stream: GrpcStream, metadata: Headers): void {}

  /** A message, serialized and borrowed. */
  onGrpcMessage(stream: GrpcStream, message: Bytes): void {}

  /** The other side's trailers; also of a stream that failed, then perhaps empty. */
  onGrpcTrailingMetadata(stream: GrpcStream, metadata: Headers): void {}

  /** The stream is over, for whatever reason but `cancel()`. */
  onGrpcClose(stream: GrpcStream, end: GrpcEnd): void {}

  /** Calls a function of the proxy for this context, whichever callback runs. */
  callForeign(what: ForeignFunction, argument: Bytes = EMPTY): ForeignResult {
    const status = activate(this._id);
    return status == Status.Ok ? what.call(argument) : new ForeignResult(status, EMPTY);
  }

  /** @internal Its gRPC streams, and those of its parts. */
  _openStreams(): i32 {
    return this._streams;
  }

  /** @internal Whose properties it reads. */
  _reads(): u32 {
    return this._id;
  }

  private _readProperty(path: PropertyPath): bool {
    const status = activate(this._reads());
    if (status != Status.Ok) {
      setLastStatus(status);
      return false;
    }
    clearOut();
    return setLastStatus(proxy_get_property(path.bytes.ptr, path.bytes.length, OUT, OUT_LENGTH)) == Status.Ok;
  }
}
