/** What a host call answered. Numbers are the ABI's. */
export enum Status {
  Ok = 0,
  /** Absent: header, property, key. Not the same as empty. */
  NotFound = 1,
  /** Refused: the wrong phase, an unknown cluster, an invalid value. The SDK answers this, too, where the host would crash. */
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  /** The allocator gave the host no memory: the value is too large. */
  InvalidMemoryAccess = 6,
  Empty = 7,
  /** Shared data changed since it was read: read again and retry. */
  CasMismatch = 8,
  /** For a callout: no healthy endpoint or the circuit breaker is full. For others: the capability is restricted. */
  InternalFailure = 10,
}

/** Envoy's log levels, component `wasm`. */
export enum LogLevel {
  Trace = 0,
  Debug = 1,
  Info = 2,
  Warn = 3,
  Error = 4,
  Critical = 5,
}

/**
 * What a headers callback answers, with the C++ SDK's numbers. `ContinueAndEndStream` (2) is left out: Envoy has no such status.
 * Unless the plugin sets `allow_on_headers_stop_iteration`, Envoy treats StopIteration as StopAllIterationAndWatermark:
 * no body callback comes before the stream is continued.
 */
export enum FilterHeadersStatus {
  Continue = 0,
  StopIteration = 1,
  StopAllIterationAndBuffer = 3,
  StopAllIterationAndWatermark = 4,
}

/** What a body callback answers. With StopIterationAndBuffer a body above Envoy's buffer limit is refused with 413. */
export enum FilterDataStatus {
  Continue = 0,
  StopIterationAndBuffer = 1,
  StopIterationAndWatermark = 2,
  StopIterationNoBuffer = 3,
}

/** What a trailers callback answers. */
export enum FilterTrailersStatus {
  Continue = 0,
  StopIteration = 1,
}

/** What the callbacks of a TCP connection answer. */
export enum FilterStatus {
  Continue = 0,
  StopIteration = 1,
}

/** Who ended a connection. */
export enum CloseType {
  Unknown = 0,
  /** Envoy itself, for whatever reason. */
  Local = 1,
  /** The client. */
  Remote = 2,
}

/** The ABI's numbers for header maps; internal to the SDK. */
export enum MapType {
  RequestHeaders = 0,
  RequestTrailers = 1,
  ResponseHeaders = 2,
  ResponseTrailers = 3,
  GrpcInitialMetadata = 4,
  GrpcTrailingMetadata = 5,
  HttpCallResponseHeaders = 6,
  HttpCallResponseTrailers = 7,
}

/** The ABI's numbers for buffers; internal to the SDK. */
export enum BufferType {
  RequestBody = 0,
  ResponseBody = 1,
  DownstreamData = 2,
  UpstreamData = 3,
  HttpCallResponseBody = 4,
  GrpcMessage = 5,
  VmConfiguration = 6,
  PluginConfiguration = 7,
}

/** The ABI's numbers for streams; internal to the SDK. */
export enum StreamType {
  Request = 0,
  Response = 1,
  Downstream = 2,
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export enum GrpcStatus {
  Ok = 0,
  Cancelled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
}
